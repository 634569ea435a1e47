"use strict";
// One function for each kind of chart: (plot, chart, page) -> drawn. `chart.values` are JSON
// values, `chart.columns` and `page` columns of numbers.
const Charts = (() => {
  const CONFIG = { responsive: true, displaylogo: false, displayModeBar: false };
  const { colours, layout, plain, shortened } = Theme;

  function show(plot, traces, more) {
    return Plotly.react(plot, traces, layout(more), CONFIG);
  }

  function day(number) { return new Date(number * 864e5).toISOString().slice(0, 10); }

  function equity(plot, chart) {
    const c = colours();
    const several = chart.values.curves.length > 1;
    const traces = [];
    chart.values.curves.forEach((curve, place) => {
      const days = Array.from(chart.columns.get(`days${place}`), day);
      const values = chart.columns.get(`values${place}`);
      let high = 1;
      const losses = Array.from(values, (one) => {
        high = Math.max(high, one);
        return 100 * (one / high - 1);
      });
      const line = { color: c.at(place), dash: Theme.dash(place), width: 1.5 };
      const name = shortened(curve.name) + (curve.outside ? " (out of sample)" : "");
      const own = { x: days, mode: "lines", line, name, legendgroup: String(place) };
      traces.push({ ...own, y: Array.from(values), hovertemplate: "%{x}: %{y:.4g}<extra></extra>" });
      traces.push({
        ...own, y: losses, yaxis: "y2", showlegend: false, fill: several ? "none" : "tozeroy",
        fillcolor: `${c.at(place)}22`, hovertemplate: "%{x}: %{y:.1f}%<extra></extra>",
      });
    });
    return show(plot, traces, {
      showlegend: several,
      xaxis: { anchor: "y2", type: "date" },
      yaxis: { domain: [0.36, 1], title: { text: "equity" }, tickformat: "~g" },
      yaxis2: { domain: [0, 0.3], title: { text: "drawdown" }, ticksuffix: "%" },
    });
  }

  // The best so far after each trial, null before the first feasible one.
  function bestSoFar(fitness, kind, direction) {
    const better = direction === "min" ? (a, b) => a < b : (a, b) => a > b;
    let best = null;
    return Array.from(fitness, (one, at) => {
      if (kind[at] === 0 && (best === null || better(one, best))) best = one;
      return best;
    });
  }

  // What is drawn of very many points: one for each cell of four pixels.
  function thinned(places, x, y, wide, high, low, top) {
    if (places.length <= 3000) return places;
    const seen = new Set();
    const last = x[x.length - 1] || 1;
    return places.filter((at) => {
      const across = Math.floor((x[at] / last) * wide / 4);
      const up = Math.floor(((y[at] - low) / (top - low || 1)) * high / 4);
      const cell = across * 4096 + up;
      return seen.has(cell) ? false : seen.add(cell);
    });
  }

  function range(values) {
    const sorted = Float64Array.from(values).sort();
    if (!sorted.length) return [0, 1];
    const low = sorted[Math.floor(0.02 * (sorted.length - 1))];
    const top = sorted[Math.ceil(0.98 * (sorted.length - 1))];
    return [low, top === low ? low + Math.abs(low || 1) * 0.1 : top];
  }

  function across(number) {
    const last = number[number.length - 1];
    const room = Math.max(0.5, last * 0.02);
    return [1 - room, last + room];
  }

  function progress(plot, chart, page) {
    const c = colours();
    const { stages, direction, best } = chart.values;
    const [number, fitness, known, kind, stage] =
      ["number", "fitness", "known", "kind", "stage"].map((name) => page.get(name));
    const every = Array.from(number, (_, at) => at);
    const feasible = every.filter((at) => kind[at] === 0);
    const scale = range(feasible.length
      ? feasible.map((at) => fitness[at]) : every.filter((at) => known[at]).map((at) => fitness[at]));
    const extreme = feasible.map((at) => fitness[at]);
    const edge = extreme.reduce(direction === "min" ? (a, b) => Math.min(a, b) : (a, b) => Math.max(a, b),
      direction === "min" ? scale[0] : scale[1]);
    let [low, top] = direction === "min" ? [edge, scale[1]] : [scale[0], edge];
    const room = 0.08 * (top - low || 1);
    [low, top] = [low - room, top + room];
    const clamp = (one) => Math.min(top - room / 4, Math.max(low + room / 2, one));
    const [wide, high] = [plot.clientWidth, plot.clientHeight];
    const dots = (places, more) => {
      const kept = thinned(places, number, fitness, wide, high, low, top);
      return {
        x: kept.map((at) => number[at]), y: kept.map((at) => clamp(fitness[at])), mode: "markers",
        text: kept.map((at) => fitness[at].toPrecision(6)),
        hovertemplate: "trial %{x}: %{text}<extra></extra>", ...more,
      };
    };
    const traces = [dots(every.filter((at) => kind[at] !== 0 && kind[at] !== 4 && known[at]), {
      name: "not feasible", marker: { symbol: "x-thin", size: 5, color: c.faint, opacity: 0.6,
        line: { width: 1, color: c.faint } },
    })];
    stages.forEach((name, place) => {
      traces.push(dots(feasible.filter((at) => stage[at] === place), {
        name: shortened(name),
        marker: { symbol: Theme.symbol(place), size: 5, color: c.at(place), opacity: 0.75 },
      }));
    });
    const failed = every.filter((at) => kind[at] === 4);
    if (failed.length) {
      traces.push({
        x: failed.map((at) => number[at]), y: failed.map(() => low + room / 4), mode: "markers",
        name: "failed", hovertemplate: "trial %{x} failed<extra></extra>",
        marker: { symbol: "line-ns", size: 8, line: { width: 1, color: c.ink } },
      });
    }
    const course = bestSoFar(fitness, kind, direction);
    const turns = every.filter((at) => at === every.length - 1 || course[at] !== course[at - 1]);
    traces.push({
      x: turns.map((at) => number[at]), y: turns.map((at) => course[at]), mode: "lines",
      name: "best so far", line: { shape: "hv", color: c.ink, width: 2 }, hoverinfo: "skip",
    });
    const found = best === null ? -1 : number.indexOf(best);
    if (found >= 0 && known[found]) {
      traces.push({
        x: [best], y: [clamp(fitness[found])], mode: "markers", name: "best",
        hovertemplate: "best: trial %{x}<extra></extra>",
        marker: { symbol: "star", size: 14, color: c.at(1), line: { width: 1, color: c.ink } },
      });
    }
    const ends = every.filter((at) => at && stage[at] !== stage[at - 1]);
    const shapes = ends.map((at) => ({
      type: "line", x0: number[at], x1: number[at], yref: "paper", y0: 0, y1: 1,
      line: { color: c.faint, width: 1, dash: "dot" },
    }));
    return show(plot, traces.filter((one) => one.x.length), {
      shapes: shapes.slice(0, 50),
      xaxis: { title: { text: "trial" }, range: across(number) },
      yaxis: { title: { text: "fitness" }, range: [low, top] },
    });
  }

  function heat(plot, x, y, cells, more) {
    const c = colours();
    const tick = (axis) => ({
      type: "category", title: { text: shortened(axis.name, 40) }, tickangle: 0,
      tickmode: "array", ...ticks(axis.labels, plot.clientWidth),
    });
    const trace = {
      type: "heatmap", z: cells.values, customdata: cells.counts, colorscale: "Cividis",
      x: x.labels.map((_, at) => at), y: y.labels.map((_, at) => at), hoverongaps: false,
      text: cells.texts, hovertemplate: "%{text}<extra></extra>", xgap: 1, ygap: 1,
      colorbar: { title: { text: "fitness", side: "right" }, thickness: 12, outlinewidth: 0,
        tickfont: { color: c.ink } },
      ...more,
    };
    return show(plot, [trace], {
      xaxis: { ...tick(x), type: "linear", showgrid: false },
      yaxis: { ...tick(y), type: "linear", showgrid: false },
    });
  }

  function ticks(labels, wide, most = 12) {
    const longest = Math.max(...labels.map((one) => Math.min(12, one.length)));
    const room = Math.max(2, Math.min(most, Math.floor(wide / (longest * 8 + 16))));
    const step = Math.max(1, Math.ceil(labels.length / room));
    const at = labels.map((_, place) => place).filter((place) => place % step === 0);
    return { tickvals: at, ticktext: at.map((place) => shortened(labels[place], 12)) };
  }

  // The best feasible fitness of each pair of levels.
  function pairs(page, axes, x, y, direction) {
    const [fitness, kind] = [page.get("fitness"), page.get("kind")];
    const [across, up] = [page.get(`level${x}`), page.get(`level${y}`)];
    const better = direction === "min" ? (a, b) => a < b : (a, b) => a > b;
    const grid = (fill) => axes[y].labels.map(() => axes[x].labels.map(() => fill));
    const [values, counts, texts] = [grid(null), grid(0), grid("")];
    for (let at = 0; at < fitness.length; at += 1) {
      const [column, row] = [across[at], up[at]];
      if (column === 255 || row === 255) continue;
      counts[row][column] += 1;
      if (kind[at] !== 0) continue;
      const old = values[row][column];
      if (old === null || better(fitness[at], old)) values[row][column] = fitness[at];
    }
    for (let row = 0; row < counts.length; row += 1) {
      for (let column = 0; column < counts[row].length; column += 1) {
        const value = values[row][column];
        texts[row][column] = value === null ? "" :
          `${plain(axes[x].name)} = ${plain(axes[x].labels[column])}, ` +
          `${plain(axes[y].name)} = ${plain(axes[y].labels[row])}<br>` +
          `best ${value.toPrecision(5)} of ${counts[row][column]} trials`;
      }
    }
    return { values, counts, texts };
  }

  function choice(controls, label, names, chosen, changed) {
    const outer = document.createElement("label");
    const select = document.createElement("select");
    names.forEach((name, place) => {
      const option = document.createElement("option");
      option.value = String(place);
      option.textContent = name;
      option.selected = place === chosen;
      select.append(option);
    });
    select.addEventListener("change", () => changed(Number(select.value)));
    outer.append(`${label} `, select);
    controls.append(outer);
  }

  function map(plot, chart, page, controls) {
    const { axes, direction } = chart.values;
    const names = axes.map((one) => one.name);
    chart.pair = chart.pair || chart.values.pair || [0, 1];
    const draw = () => {
      const [x, y] = chart.pair;
      return heat(plot, axes[x], axes[y], pairs(page, axes, x, y, direction),
        { reversescale: direction === "min" });
    };
    if (!controls.childElementCount) {
      ["across", "down"].forEach((label, place) => {
        choice(controls, label, names, chart.pair[place], (value) => {
          chart.pair[place] = value;
          draw();
        });
      });
    }
    return draw();
  }

  function histogram(plot, chart) {
    const [edges, counts] = [chart.columns.get("edges"), chart.columns.get("counts")];
    const x = Array.from(counts, (_, at) => (edges[at] + edges[at + 1]) / 2);
    const trace = {
      type: "bar", x, y: Array.from(counts), width: x.map((_, at) => edges[at + 1] - edges[at]),
      marker: { color: colours().at(0), line: { width: 0.5, color: colours().line } },
      hovertemplate: "%{x:.3g}: %{y:.3g}<extra></extra>",
    };
    return show(plot, [trace], {
      bargap: 0, showlegend: false, shapes: marks(chart.values.marks || []),
      xaxis: { title: { text: plain(chart.values.x) } },
      yaxis: { title: { text: plain(chart.values.y) }, rangemode: "tozero" },
    });
  }

  function marks(places) {
    const c = colours();
    return places.map((x) => ({
      type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: { color: c.at(1), width: 2 },
    }));
  }

  function bars(plot, chart) {
    const { labels, values, x } = chart.values;
    plot.style.height = `${Math.max(9, 3 + 1.7 * labels.length)}rem`;
    const trace = {
      type: "bar", orientation: "h", x: values, y: labels.map((_, at) => at),
      marker: { color: colours().at(0) }, hovertemplate: "%{x:.4g}<extra></extra>",
    };
    return show(plot, [trace], {
      showlegend: false, shapes: marks(chart.values.marks || []),
      xaxis: { title: { text: plain(x) } },
      yaxis: {
        autorange: "reversed", tickmode: "array", tickvals: labels.map((_, at) => at),
        ticktext: labels.map((one) => shortened(one, plot.clientWidth > 600 ? 32 : 16)), showgrid: false,
      },
    });
  }

  function scatter(plot, chart) {
    const c = colours();
    const [x, y] = [Array.from(chart.columns.get("x")), Array.from(chart.columns.get("y"))];
    const { line } = chart.values;
    const traces = [{
      x, y, mode: "markers", marker: { color: c.at(0), size: 4, opacity: 0.4 },
      hovertemplate: "%{x:.3g}, %{y:.3g}<extra></extra>",
    }];
    if (line && x.length) {
      const ends = [x.reduce((a, b) => Math.min(a, b)), x.reduce((a, b) => Math.max(a, b))];
      traces.push({
        x: ends, y: ends.map((one) => line[0] + line[1] * one), mode: "lines",
        line: { color: c.at(1), width: 2 }, hoverinfo: "skip",
      });
    }
    return show(plot, traces, {
      showlegend: false, xaxis: { title: { text: plain(chart.values.x) } },
      yaxis: { title: { text: plain(chart.values.y) } },
    });
  }

  return { scatter, equity, progress, map, histogram, bars, parallel: (...given) => Parallel.draw(...given) };
})();
