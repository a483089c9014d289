# SPDX-License-Identifier: GPL-3.0-or-later
"""receivers.py - a mail server and an HTTP endpoint on loopback, for those who tell."""
import http.server
import socket
import threading


class Mail:
    """SMTP (RFC 5321) as far as a sender needs it. `answers` are given to DATA's end,
    first to last, then 250; a None closes the connection after the letter was taken."""

    def __init__(self, answers=()):
        self.letters, self.answers = [], list(answers)
        self.taken = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._hear, args=(peer,), daemon=True).start()

    def _hear(self, peer):
        with peer:
            try:
                self._talk(peer)
            except ConnectionError:  # the sender was killed
                pass

    def _talk(self, peer):
        lines, to = peer.makefile("rb"), []
        peer.sendall(b"220 test\r\n")
        for line in lines:
            verb = line[:4].upper()
            if verb == b"DATA":
                peer.sendall(b"354 go on\r\n")
                letter = b""
                for part in lines:
                    if part == b".\r\n":
                        break
                    letter += part[1:] if part.startswith(b"..") else part
                answer = self.answers.pop(0) if self.answers else b"250 taken\r\n"
                self.letters.append((to, letter, answer))
                self.taken.set()
                if answer is None:
                    return
                peer.sendall(answer)
            elif verb == b"QUIT":
                peer.sendall(b"221 bye\r\n")
                return
            else:
                if verb == b"MAIL":  # one connection may bring several letters
                    to = []
                elif verb == b"RCPT":
                    to.append(line.split(b"<")[1].split(b">")[0].decode())
                peer.sendall(b"250 ok\r\n")

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self.listener.close()


class Hook:
    """HTTP; `answers` are statuses, first to last, then 200."""

    def __init__(self, answers=()):
        self.posts, statuses = [], list(answers)
        posts = self.posts

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = statuses.pop(0) if statuses else 200
                posts.append((self.path, dict(self.headers), body, status))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
