# SPDX-License-Identifier: GPL-3.0-or-later
"""The incidents of the played collector: their documents as docs/CONTROL.md says them, and what people do to them."""
import copy

CAUSES = {
    "carrier_node": ("trạm của nhà mạng", "a node of the carrier"),
    "last_mile": ("đường truyền từ đơn vị đến trạm của nhà mạng", "the line between site and carrier's node"),
    "planned": ("bảo trì theo kế hoạch", "planned work"),
    "power": ("mất điện", "power lost"),
    "service": ("dịch vụ", "the service"),
}
KINDS = {"outage": ("Mất kết nối", "Down"), "degraded": ("Suy giảm chất lượng", "Degraded"), "power": ("Mất điện", "Power lost"),
         "service": ("Dịch vụ lỗi", "Service failing")}


def incident(number, kind, cause, party, confidence, what, started, sites, links, reasons, closed=None, first_cause=None):
    """`what` and each reason: Vietnamese and English; a reason has its check and time behind them."""
    titles = [f"{KINDS[kind][n]}: {what[n]} - {CAUSES[cause][n]}" for n in (0, 1)]
    minutes = round(((closed or started + 2040) - started) / 60 * len(links), 1)
    return {"incident": f"SC-{number:04}", "opened": started + 24.5, "started": started, "closed": closed, "kind": kind, "cause": cause,
            "party": party, "confidence": confidence, "first_cause": first_cause or cause, "object": "", "title": titles[0],
            "revision": 1, "sites": sites, "links": links, "reasons": [r[0] for r in reasons],
            "next_likeliest": None, "minutes": {"down": minutes, "degraded": 0, "unknown": 0, "excluded": 0},
            "number": number, "title_vi": titles[0], "title_en": titles[1],
            "evidence": [{"check": r[2], "at": r[3]} for r in reasons], "changed": started + 24.5, "told_closed": closed and closed + 60,
            "merged_into": None, "acknowledged": None, "owner": "", "ticket": "", "estimate": "",
            "_reasons": [[r[0] for r in reasons], [r[1] for r in reasons]]}


def first_ones(now):
    """Four of a quiet evening: a node, a bad line, planned work, and a power cut that is over."""
    start = now - 2040
    node = incident(412, "outage", "carrier_node", "carrier:vnpt", "likely", ("2 điểm kết nối", "2 sites"), start,
                    ["bao-lac", "coc-pang"], ["bao-lac/vnpt", "coc-pang/vnpt"],
                    [("14:05: các kênh của Trạm Bảo Lạc mất cùng lúc, các trạm khác bình thường",
                      "14:05: the links of Trạm Bảo Lạc fell in one moment, other nodes go on", "bao-lac/vnpt/far", start + 10),
                     ("14:05: cổng của nhà mạng không trả lời", "14:05: the carrier's first hop does not answer",
                      "coc-pang/vnpt/gateway", start + 12)])
    node["next_likeliest"] = {"cause": "carrier_core", "would_settle": "Các kênh khác của cùng trạm"}
    line = incident(409, "degraded", "last_mile", "carrier:vnpt", "suspected", ("Xã Hà Quảng, VNPT Cao Bằng", "Xã Hà Quảng, VNPT Cao Bằng"),
                    now - 9000, ["ha-quang"], ["ha-quang/vnpt"],
                    [("11:40: VNPT Cao Bằng mất gói hoặc trễ quá ngưỡng", "11:40: VNPT Cao Bằng is over its limits of loss or delay",
                      "ha-quang/vnpt/path", now - 8990)])
    line.update(acknowledged={"at": now - 8000, "who": "truc-ca", "way": "link"}, owner="Nông Văn Hải", ticket="VNPT-7731",
                estimate="2026-11-24 17:00")
    work = incident(411, "outage", "planned", "province", "fact", ("Xã Tĩnh Túc", "Xã Tĩnh Túc"), now - 3000, ["tinh-tuc"], ["tinh-tuc/vnpt"],
                    [("13:00: bảo trì đã báo trước: thay tủ mạng", "13:00: announced work: thay tủ mạng", "", None)])
    power = incident(405, "power", "power", "power_company", "fact", ("Xã Bảo Lâm", "Xã Bảo Lâm"), now - 30000, ["bao-lam"],
                     ["bao-lam/vnpt", "bao-lam/viettel"],
                     [("05:50: bộ lưu điện của Xã Bảo Lâm chuyển sang ắc quy", "05:50: the UPS of Xã Bảo Lâm went to battery",
                       "bao-lam/power", now - 29990)], closed=now - 25500, first_cause="last_mile")
    power["revision"] = 2
    return [power, line, work, node]


class Incidents:
    """What there is, what people did, and who was told."""

    def __init__(self, now):
        self.now = now
        self.all = {i["number"]: i for i in first_ones(now())}
        self.actions = {409: [{"at": now() - 8000, "action": "ack", "who": "truc-ca", "way": "link", "text": ""},
                              {"at": now() - 7900, "action": "note", "who": "truc-ca", "way": "nhipctl",
                               "text": "Đã gọi VNPT, đang đo lại tuyến <Hà Quảng>."}]}

    def brief(self, i, lang="vi"):
        doc = {k: v for k, v in i.items() if k != "_reasons"}
        if lang == "en":
            doc.update(title=i["title_en"], reasons=i["_reasons"][1])
        return copy.deepcopy(doc)

    def listed(self, request):
        start, end = request.get("from") or 0, request.get("to") or 1e12
        found = [i for i in self.all.values() if i["opened"] <= end and (i["closed"] is None or i["closed"] >= start)]
        if request.get("open"):
            found = [i for i in found if i["closed"] is None]
        return [self.brief(i, request.get("lang")) for i in sorted(found, key=lambda i: -i["opened"])]

    def revisions(self, i, lang):
        now_is = self.brief(i, lang)
        rows = [{"at": i["opened"], "change": "opened", "revision": 1, "title": now_is["title"], "was": now_is}]
        if i["first_cause"] != i["cause"]:
            first = copy.deepcopy(now_is)
            first.update(cause=i["first_cause"], party="carrier:vnpt", confidence="suspected", closed=None, started=i["started"] + 20,
                         reasons=["05:50: nothing comes back"] if lang == "en" else ["05:50: không còn gói nào trở về"])
            rows[0]["was"] = first
            rows.append({"at": i["opened"] + 5000, "change": "revised", "revision": 2, "title": now_is["title"],
                         "was": {**now_is, "closed": None}})
        if i["closed"] is not None:
            rows.append({"at": i["closed"] + 60, "change": "closed", "revision": len(rows) + 1, "title": now_is["title"], "was": now_is})
        return rows

    def told(self, i):
        if i["cause"] == "planned":
            return []
        at, key = i["opened"] + 35, f"{i['number']}:opened"
        return [{"at": at, "to": "ky-thuat-bao-lac", "channel": "sms", "text": f"NHIP: {i['incident']}", "about": "opened", "state": "sent",
                 "tries": 1, "next": None, "done": at + 3, "error": "", "key": key + ":1"},
                {"at": at, "to": "vnpt-noc", "channel": "email", "text": "…", "about": "opened", "state": "failed", "tries": 6, "next": None,
                 "done": None, "error": "smtp: 550 no such user", "key": key + ":2"},
                {"at": at, "to": "vnpt-noc", "channel": "webhook", "text": "{}", "about": "opened", "state": "waiting", "tries": 2,
                 "next": at + 600, "done": None, "error": "connection refused", "key": key + ":3"}]

    def whole(self, number, lang="vi"):
        i = self.all.get(number)
        if i is None:
            return None
        return {**self.brief(i, lang), "revisions": self.revisions(i, lang), "actions": self.actions.get(number, []),
                "notifications": self.told(i)}

    def act(self, number, action, who, way, text):
        i = self.all.get(number)
        if i is None:
            return
        if action == "ack" and i["acknowledged"] is None:
            i["acknowledged"] = {"at": self.now(), "who": who, "way": way}
        elif action == "close":
            i["closed"] = i["told_closed"] = self.now()
        elif action in ("own", "ticket", "estimate"):
            i[{"own": "owner"}.get(action, action)] = text
        self.actions.setdefault(number, []).append({"at": self.now(), "action": action, "who": who, "way": way, "text": text})
