"use strict";
// Colours and columns, shared by the charts.
const Theme = (() => {
  // Okabe and Ito: told apart with any kind of colour blindness. The order suits both papers.
  const LIGHT = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8C6D00", "#56B4E9", "#000000"];
  const DARK = ["#56B4E9", "#E69F00", "#2FC79A", "#E59AC4", "#F0E442", "#D55E00", "#FFFFFF"];
  const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid"];
  const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "triangle-down", "star", "hexagon"];
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let printing = false;

  function isDark() { return dark.matches && !printing; }

  function colours() {
    const found = isDark() ? DARK : LIGHT;
    return {
      ink: isDark() ? "#e8ebef" : "#1b1f24",
      soft: isDark() ? "#a5afba" : "#57606a",
      line: isDark() ? "#3a424c" : "#d8dee4",
      faint: isDark() ? "#76818d" : "#8c959f",
      at: (place) => found[place % found.length],
    };
  }

  function layout(more) {
    const c = colours();
    const axis = {
      gridcolor: c.line, zerolinecolor: c.line, linecolor: c.line, automargin: true,
      title: { standoff: 8 },
    };
    const merged = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: c.ink, size: 12, family: "system-ui, sans-serif" },
      margin: { l: 50, r: 12, t: 12, b: 44 }, dragmode: false, hovermode: "closest",
      hoverlabel: { align: "left" },
      legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom" },
      ...more,
    };
    for (const name of Object.keys(merged)) {
      if (/^[xy]axis/.test(name)) merged[name] = { ...axis, ...merged[name] };
    }
    return merged;
  }

  // plotly reads a few tags in texts; a name must not have any.
  function plain(text) {
    return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }

  function shortened(text, limit = 24) {
    const whole = String(text);
    return plain(whole.length > limit ? `${whole.slice(0, limit - 1)}…` : whole);
  }

  return {
    colours, layout, plain, shortened, isDark,
    dash: (place) => DASHES[place % DASHES.length],
    symbol: (place) => SYMBOLS[place % SYMBOLS.length],
    watch: (draw) => {
      dark.addEventListener("change", draw);
      window.addEventListener("beforeprint", () => { printing = true; draw(); });
      window.addEventListener("afterprint", () => { printing = false; draw(); });
    },
  };
})();

// Columns are unpacked when a chart first needs them.
class Columns {
  constructor(packed) {
    this.packed = packed;
    this.found = new Map();
  }

  get(name) {
    if (!this.found.has(name)) {
      const { t, b } = this.packed[name];
      const bytes = Uint8Array.from(atob(b), (one) => one.charCodeAt(0));
      const types = { u8: Uint8Array, i32: Int32Array, f32: Float32Array };
      this.found.set(name, new types[t](bytes.buffer));
    }
    return this.found.get(name);
  }

  has(name) { return name in this.packed; }
}
