/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * chart.js - charts over /api/v1/series: the smoke picture (band from minimum to maximum,
 * the average as a line whose colour says how much was lost), traffic, response time
 *
 * Times are shown in the province's zone: points are shifted by its offset and labelled
 * as UTC.
 */
"use strict";
(function () {
  var LOSS = [[0, "#1c8a4d"], [0.001, "#2f7fd1"], [0.05, "#8a4fc9"], [0.1, "#d98200"], [0.3, "#d5402b"], [0.6, "#9b1022"]];
  var lang = document.body.dataset.lang;
  var css = getComputedStyle(document.documentElement);

  function colour(name) { return css.getPropertyValue(name).trim(); }
  function lossColour(share) {
    var c = LOSS[0][1];
    LOSS.forEach(function (l) { if (share >= l[0]) c = l[1]; });
    return c;
  }
  function number(v, digits) { return v.toLocaleString(lang === "en" ? "en-GB" : "vi-VN", { maximumFractionDigits: digits }); }
  function rate(v) { return v >= 1e6 ? number(v / 1e6, 1) + " Mbps" : number(v / 1e3, 1) + " kbps"; }

  function columns(series) {
    var at = {}, rows = series.rows, hasMax = series.cf.indexOf("MAX") >= 0;
    series.metrics.forEach(function (m, i) { at[m.name] = i; });
    return {
      count: rows.length,
      time: function (i) { return rows[i][0]; },
      avg: function (i, name) { var v = at[name] === undefined ? null : rows[i][1][at[name]]; return v === undefined ? null : v; },
      max: function (i, name) { var v = hasMax && rows[i][2] && at[name] !== undefined ? rows[i][2][at[name]] : null; return v === null || v === undefined ? this.avg(i, name) : v; }
    };
  }

  function smokePlotter(losses) {
    return function (e) {
      var c = e.drawingContext, p = e.points, area = e.plotArea;
      c.save();
      for (var i = 0; i < p.length; i++) {
        var x = p[i].canvasx, w = i + 1 < p.length ? p[i + 1].canvasx - x : i > 0 ? x - p[i - 1].canvasx : 2, loss = losses[p[i].xval];
        if (loss >= 0.999) {
          c.fillStyle = colour("--down"); c.globalAlpha = 0.22;
          c.fillRect(x - w, area.y, Math.max(w, 1), area.h); c.globalAlpha = 1;
        }
        if (p[i].yval === null || isNaN(p[i].yval)) continue;
        var top = e.dygraph.toDomYCoord(p[i].yval_plus), low = e.dygraph.toDomYCoord(p[i].yval_minus);
        c.fillStyle = colour("--soft"); c.globalAlpha = 0.28;
        c.fillRect(x - w, top, Math.max(w, 1), Math.max(low - top, 1)); c.globalAlpha = 1;
      }
      c.lineWidth = 2; c.lineJoin = "round";
      for (i = 1; i < p.length; i++) {
        if (p[i].yval === null || p[i - 1].yval === null || isNaN(p[i].yval) || isNaN(p[i - 1].yval)) continue;
        c.strokeStyle = lossColour(losses[p[i].xval] || 0);
        c.beginPath(); c.moveTo(p[i - 1].canvasx, p[i - 1].canvasy); c.lineTo(p[i].canvasx, p[i].canvasy); c.stroke();
      }
      c.restore();
    };
  }

  function escape(s) { return String(s).replace(/[&<>"]/g, function (c) { return "&#" + c.charCodeAt(0) + ";"; }); }

  function latency(d, c, shift) {
    var rows = [], losses = {}, lows = {};
    for (var i = 0; i < c.count; i++) {
      var t = (c.time(i) + shift) * 1000, avg = c.avg(i, "rtt_avg_ms"), sent = c.avg(i, "sent"), lost = c.avg(i, "lost");
      if (sent > 0) losses[t] = Math.min(1, lost / sent);
      var low = c.avg(i, "rtt_min_ms"), high = c.max(i, "rtt_max_ms");
      lows[t] = [low, high];
      rows.push([new Date(t), avg === null ? [null, null, null] : [low === null ? avg : low, avg, high === null ? avg : high]]);
    }
    return { rows: rows, lost: Object.keys(losses).some(function (t) { return losses[t] > 0; }), options: {
      labels: ["t", d.tAverage], customBars: true, plotter: smokePlotter(losses), ylabel: "ms", includeZero: true,
      axes: { y: { axisLabelFormatter: function (v) { return number(v, 3); } } },
      legendFormatter: function (l) {
        if (l.x === undefined) return "";
        var b = lows[+l.x], s = l.series[0].y, loss = losses[+l.x];
        return stamp(l.x) + (s === undefined || s === null || isNaN(s) ? "" : " · " + escape(d.tAverage) + " <b>" + number(s, 1) + " ms</b>" + (b && b[0] !== null ? " (" + number(b[0], 1) + "–" + number(b[1], 1) + ")" : "")) +
          (loss === undefined ? "" : " · " + escape(d.tLoss) + " <b>" + number(loss * 100, 1) + "%</b>");
      } } };
  }

  function lines(names, labels, format, extra) {
    return function (d, c, shift) {
      var rows = [];
      for (var i = 0; i < c.count; i++)
        rows.push([new Date((c.time(i) + shift) * 1000)].concat(names.map(function (n) { return c.avg(i, n); })));
      var o = { labels: ["t"].concat(labels(d)), colors: [colour("--brand"), colour("--maintenance")], includeZero: true, strokeWidth: 1.6,
        axes: { y: { valueFormatter: format, axisLabelFormatter: format, axisLabelWidth: 76 } },
        legendFormatter: function (l) {
          return l.x === undefined ? "" : stamp(l.x) + l.series.map(function (s) { return s.y === null || s.y === undefined || isNaN(s.y) ? "" : " · " + escape(s.label) + " <b>" + format(s.y) + "</b>"; }).join("");
        } };
      extra(o, d);
      return { rows: rows, options: o };
    };
  }

  var kinds = {
    latency: latency,
    traffic: lines(["rx_bps", "tx_bps"], function (d) { return [d.tRx, d.tTx]; }, rate, function (o, d) {
      o.series = {}; o.series[d.tRx] = { fillGraph: true };
      var limit = +d.capacity * 1e6;
      if (limit > 0) o.underlayCallback = function (ctx, area, g) {
        var y = g.toDomYCoord(limit);
        if (y < area.y) return;
        ctx.strokeStyle = colour("--degraded"); ctx.setLineDash([6, 4]);
        ctx.beginPath(); ctx.moveTo(area.x, y); ctx.lineTo(area.x + area.w, y); ctx.stroke(); ctx.setLineDash([]);
      };
    }),
    service: lines(["total_ms"], function (d) { return [d.tTotal]; }, function (v) { return number(v, 1) + " ms"; }, function (o, d) { o.series = {}; o.series[d.tTotal] = { fillGraph: true }; }),
    host: lines(["load1"], function () { return ["load1"]; }, function (v) { return number(v, 2); }, function () {})
  };

  function two(n) { return (n < 10 ? "0" : "") + n; }
  function stamp(x) {
    var t = new Date(x);
    return two(t.getUTCHours()) + ":" + two(t.getUTCMinutes()) + " " + two(t.getUTCDate()) + "/" + two(t.getUTCMonth() + 1);
  }
  function axisStamp(t, granularity, opts, g) {
    var r = g.xAxisRange(), span = r[1] - r[0];
    if (span > 200 * 86400e3) return two(t.getUTCMonth() + 1) + "/" + t.getUTCFullYear();
    if (span > 2 * 86400e3) return two(t.getUTCDate()) + "/" + two(t.getUTCMonth() + 1);
    return two(t.getUTCHours()) + ":" + two(t.getUTCMinutes());
  }

  function say(box, text) { box.textContent = ""; var p = document.createElement("p"); p.textContent = text; box.appendChild(p); }

  function draw(box) {
    var d = box.dataset, shift = +d.offset, from = +d.from, to = +d.to, chart = null, timer = null;

    function load(a, b, then) {
      var path = d.check.split("/").map(encodeURIComponent).join("/");
      fetch("/api/v1/series/" + path + "?from=" + Math.floor(a) + "&to=" + Math.ceil(b) + "&points=" + Math.max(100, Math.min(1500, Math.round(box.clientWidth))))
        .then(function (r) { return r.ok ? r.json() : Promise.reject(r.status); })
        .then(then).catch(function (why) { if (!chart) say(box, why === 404 ? d.tNone : d.tFailed); });
    }
    function known(row) { /* is there a value beside the time? */
      return row.slice(1).some(function (v) { return Array.isArray(v) ? v[1] !== null : v !== null; });
    }
    function show(series) {
      var made = kinds[d.chart](d, columns(series), shift), o = made.options;
      if (!made.rows.some(known) && !made.lost) { if (!chart) say(box, d.tNone); return; }
      o.labelsUTC = true; o.legend = "onmouseover"; o.animatedZooms = false; o.connectSeparatedPoints = false;
      o.dateWindow = [(from + shift) * 1000, (to + shift) * 1000];
      o.gridLineColor = colour("--line"); o.axisLineColor = colour("--line");
      o.axes = o.axes || {}; o.axes.x = { axisLabelFormatter: axisStamp };
      o.file = made.rows;
      if (chart) { chart.updateOptions(o); return; }
      box.textContent = "";
      o.zoomCallback = function (a, b) {
        clearTimeout(timer);
        timer = setTimeout(function () {
          from = a / 1000 - shift; to = b / 1000 - shift;
          load(from, to, show);
        }, 200);
      };
      chart = new Dygraph(box, made.rows, o);
      box.addEventListener("dblclick", function () {
        from = +d.from; to = +d.to;
        load(from, to, show);
      }, true);
      box.dataset.drawn = "1";
    }
    load(from, to, show);
    if (d.window === "3h" || d.window === "30h")
      setInterval(function () {
        if (document.hidden || !d.window || from !== +d.from) return;
        var now = Math.floor(Date.now() / 1000), length = +d.to - +d.from;
        d.from = from = now - length; d.to = to = now;
        load(from, to, show);
      }, 30000);
  }
  document.querySelectorAll(".chart").forEach(draw);
})();
