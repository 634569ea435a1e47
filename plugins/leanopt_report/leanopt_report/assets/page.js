"use strict";
// Shows one page at a time, and draws its charts one after the other.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const pages = [...document.querySelectorAll("main.page")];
  const select = document.getElementById("pages");
  const shared = data.pages.map((page) => new Columns(page.columns));
  const charts = data.pages.map((page) => page.charts.map((chart) => (
    { ...chart, columns: new Columns(chart.columns) })));
  let shown = 0;
  let turn = 0;

  function figures() { return [...pages[shown].querySelectorAll("figure.chart")]; }

  function draw(figure) {
    const chart = charts[shown][Number(figure.dataset.chart)];
    const plot = figure.querySelector(".plot");
    return Charts[chart.kind](plot, chart, shared[shown], figure.querySelector(".controls"));
  }

  // In turn, so that a reader can scroll meanwhile; a later call ends an earlier one.
  async function drawAll() {
    turn += 1;
    const own = turn;
    for (const figure of figures()) {
      if (own !== turn) return;
      await draw(figure);
      await new Promise((next) => { setTimeout(next, 0); });
    }
    if (own === turn) document.documentElement.dataset.drawn = "yes";
  }

  function show(place) {
    shown = place;
    pages.forEach((page, at) => { page.hidden = at !== place; });
    drawAll();
  }

  // Before printing all must be drawn at once.
  Theme.watch(() => figures().forEach(draw));
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((one) => { one.open = true; });
  });
  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => figures().filter((one) => one.querySelector("canvas")).forEach(draw), 150);
  });
  if (select) select.addEventListener("change", () => show(Number(select.value)));
  show(select ? Number(select.value) : 0);
})();
