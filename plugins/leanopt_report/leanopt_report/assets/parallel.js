"use strict";
// Parallel coordinates on a canvas: many thousands of lines, in the colours of the page.
const Parallel = (() => {
  const MARGIN = { top: 58, bottom: 30, left: 26, right: 40 };
  const DEEP = 0.1;

  function places(chart, page) {
    const { axes, direction } = chart.values;
    const [fitness, kind] = [page.get("fitness"), page.get("kind")];
    const rows = [];
    for (let at = 0; at < fitness.length; at += 1) if (kind[at] === 0) rows.push(at);
    const sign = direction === "min" ? -1 : 1;
    rows.sort((a, b) => sign * (fitness[a] - fitness[b]));
    const low = fitness[rows[0]];
    const top = fitness[rows[rows.length - 1]];
    // Of each trial: its height on every axis, from 0 below to 1 above; the last is its fitness.
    const columns = axes.map((axis, place) => {
      const levels = page.get(`level${place}`);
      const last = Math.max(1, axis.labels.length - 1);
      return rows.map((at) => (levels[at] === 255 ? null : levels[at] / last));
    });
    columns.push(rows.map((at) => (top === low ? 0.5 : (fitness[at] - low) / (top - low))));
    return { rows, columns, low, top };
  }

  function names(chart, found) {
    const axes = chart.values.axes.map((axis) => ({
      name: axis.name, low: axis.labels[0], top: axis.labels[axis.labels.length - 1],
    }));
    axes.push({ name: "fitness", low: String(Number(found.low.toPrecision(3))), top: String(Number(found.top.toPrecision(3))) });
    return axes;
  }

  // From pale to dark, which every eye can order; the best tenth stands out.
  function shade(share, deep) {
    const [pale, middle, dark] = Theme.isDark()
      ? [[58, 66, 78], [110, 118, 130], [253, 231, 55]]
      : [[226, 220, 190], [176, 172, 158], [0, 34, 78]];
    if (deep) return `rgb(${dark.join(",")})`;
    return `rgb(${pale.map((one, at) => Math.round(one + (middle[at] - one) * share)).join(",")})`;
  }

  function text(context, written, x, y, wide) {
    let shown = String(written);
    while (shown.length > 2 && context.measureText(shown).width > wide) {
      shown = `${shown.slice(0, -2)}…`;
    }
    context.fillText(shown, x, y);
  }

  function draw(plot, chart, page) {
    const found = chart.found || (chart.found = places(chart, page));
    chart.kept = chart.kept || new Map();
    const axes = names(chart, found);
    const canvas = plot.querySelector("canvas") || plot.appendChild(document.createElement("canvas"));
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [plot.clientWidth, plot.clientHeight];
    canvas.width = wide * ratio;
    canvas.height = high * ratio;
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${high}px`;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const step = (wide - MARGIN.left - MARGIN.right) / Math.max(1, axes.length - 1);
    const view = {
      x: (place) => MARGIN.left + place * step,
      y: (share) => high - MARGIN.bottom - share * (high - MARGIN.top - MARGIN.bottom),
      share: (y) => (high - MARGIN.bottom - y) / (high - MARGIN.top - MARGIN.bottom),
      step,
    };
    lines(context, chart, found, view);
    frame(context, chart, axes, view);
    if (!chart.listening) listen(canvas, plot, chart, page);
    chart.view = view;
    return Promise.resolve();
  }

  function lines(context, chart, found, view) {
    const { rows, columns } = found;
    const many = rows.length;
    const deep = Math.floor(many * (1 - DEEP));
    context.lineWidth = 1;
    for (let at = 0; at < many; at += 1) {
      const kept = [...chart.kept].every(([place, [low, top]]) => {
        const share = columns[place][at];
        return share !== null && share >= low && share <= top;
      });
      if (!kept) continue;
      context.globalAlpha = at >= deep ? Math.max(0.3, Math.min(0.8, 60 / (many - deep))) : Math.max(0.06, Math.min(0.5, 150 / many));
      context.strokeStyle = shade(at / many, at >= deep);
      context.beginPath();
      let open = false;
      columns.forEach((column, place) => {
        if (column[at] === null) { open = false; return; }
        // Equal values would hide each other: each line is off by a little.
        const off = ((at * 7919) % 101) / 101 - 0.5;
        const y = view.y(column[at]) + (place < columns.length - 1 ? off * 6 : 0);
        if (open) context.lineTo(view.x(place), y); else context.moveTo(view.x(place), y);
        open = true;
      });
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  function frame(context, chart, axes, view) {
    const c = Theme.colours();
    context.textAlign = "center";
    axes.forEach((axis, place) => {
      const x = view.x(place);
      context.strokeStyle = c.ink;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(x, view.y(0) + 5);
      context.lineTo(x, view.y(1) - 5);
      context.stroke();
      if (chart.kept.has(place)) {
        const [low, top] = chart.kept.get(place);
        context.fillStyle = c.at(1);
        context.globalAlpha = 0.5;
        context.fillRect(x - 5, view.y(top), 10, view.y(low) - view.y(top));
        context.globalAlpha = 1;
      }
      context.fillStyle = c.ink;
      context.font = "600 12px system-ui, sans-serif";
      // Narrow: every second name stands a line higher.
      text(context, axis.name, x, view.step < 70 && place % 2 ? 28 : 14, view.step * 1.7);
      context.font = "11px system-ui, sans-serif";
      context.fillStyle = c.soft;
      text(context, axis.top, x, view.y(1) - 10, view.step * 0.95);
      text(context, axis.low, x, view.y(0) + 18, view.step * 0.95);
    });
  }

  function listen(canvas, plot, chart, page) {
    chart.listening = true;
    let from = null;
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener("pointerdown", (event) => {
      const [x, y] = at(event);
      const place = Math.round((x - MARGIN.left) / chart.view.step);
      if (place < 0 || place > chart.values.axes.length) return;
      from = { place, y };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointerup", (event) => {
      if (from === null) return;
      const [, y] = at(event);
      const ends = [from.y, y].map(chart.view.share).sort((a, b) => a - b);
      if (Math.abs(y - from.y) < 5) chart.kept.delete(from.place);
      else chart.kept.set(from.place, [ends[0] - 0.01, ends[1] + 0.01]);
      from = null;
      draw(plot, chart, page);
    });
  }

  return { draw };
})();
