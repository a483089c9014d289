/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nhip.js - what a page does by itself: filter as one types, and follow changes
 *
 * When /events says that something on this page changed, the page is fetched again and
 * its parts marked data-swap are put in. Without this script everything works by links.
 */
"use strict";
(function () {
  var body = document.body, home = "home" in body.dataset, live = body.dataset.live;
  var box = document.getElementById("q");

  function fold(s) {
    return s.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/g, "d").replace(/Đ/g, "D").toLowerCase();
  }

  function filter() {
    if (!box) return;
    var want = fold(box.value.trim()), shown = 0;
    document.querySelectorAll("#sites .sites > li").forEach(function (li) {
      var hide = want !== "" && fold(li.textContent).indexOf(want) < 0;
      li.hidden = hide;
      if (!hide) shown++;
    });
    var none = document.querySelector("#sites .none");
    if (none) none.hidden = shown > 0 || want === "";
  }

  function swap(html) {
    var fresh = new DOMParser().parseFromString(html, "text/html");
    document.querySelectorAll("[data-swap]").forEach(function (old) {
      var now = fresh.getElementById(old.id);
      if (now && now.innerHTML !== old.innerHTML) old.innerHTML = now.innerHTML;
    });
    filter();
  }

  var due = false, last = 0;
  function refresh() {
    if (due) return;
    due = true;
    setTimeout(function () {
      due = false;
      last = Date.now();
      fetch(location.href, { headers: { Accept: "text/html" } }).then(function (r) {
        return r.ok ? r.text() : Promise.reject();
      }).then(swap).catch(function () {});
    }, Math.max(0, last + 3000 - Date.now()));
  }

  if (box) {
    box.addEventListener("input", filter);
    filter();
  }
  /* A browser opens six connections to a server in all: a page that nobody looks at gives its own back. */
  var mark = document.querySelector(".live"), from = null, contact = true, seen = false;
  function follow() {
    if (from) return;
    from = new EventSource("/events");
    from.onopen = function () {
      if (mark) mark.hidden = false;
      if (seen) refresh();
      seen = true;
    };
    from.onerror = function () { if (mark) mark.hidden = true; };
    from.onmessage = function (e) {
      var d = JSON.parse(e.data);
      if (d.contact !== contact || (home && d.shown) || (live && [d.sites, d.services, d.incidents].some(function (l) { return l.indexOf(live) >= 0; }))) refresh();
      contact = d.contact;
    };
  }
  function leave() {
    if (from) from.close();
    from = null;
    if (mark) mark.hidden = true;
  }
  if (window.EventSource && (home || live)) {
    document.addEventListener("visibilitychange", function () { if (document.hidden) leave(); else follow(); });
    window.addEventListener("pagehide", leave);
    window.addEventListener("pageshow", follow);
    if (!document.hidden) follow();
  }
})();
