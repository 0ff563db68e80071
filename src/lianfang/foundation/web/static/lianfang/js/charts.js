// Draws the charts of a page out of data-chart, in the colours of the theme. The table beneath stays for readers.
let loading = null;

function load(address) {
  loading = loading || new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.echarts);
    script.onerror = () => reject(new Error(`cannot load ${address}`));
    document.head.append(script);
  });
  return loading;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--lf-${name}`).trim();
}

function options(chart) {
  const [ink, line, surface] = ["ink-soft", "line", "surface"].map(colour);
  const font = getComputedStyle(document.body).fontFamily;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || navigator.webdriver;
  const isLine = chart.kind === "line";
  return {
    animation: !calm,
    aria: { enabled: false },
    color: chart.series.map((one) => colour(one.tone)),
    textStyle: { fontFamily: font, color: ink },
    grid: { left: 8, right: 16, top: 40, bottom: 8, containLabel: true },
    legend: { show: chart.series.length > 1, top: 4, left: 0, textStyle: { color: ink }, itemWidth: 18, itemHeight: 10 },
    // Rich text is drawn on the canvas: the other kind needs inline styles, which the safety headers refuse.
    tooltip: { trigger: "axis", renderMode: "richText", backgroundColor: surface, borderColor: line, textStyle: { color: colour("ink") } },
    xAxis: { type: "category", data: chart.labels, boundaryGap: !isLine, axisLabel: { color: ink, hideOverlap: true }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false } },
    yAxis: { type: "value", minInterval: 1, axisLabel: { color: ink }, splitLine: { lineStyle: { color: line } } },
    series: chart.series.map((one, place) => ({
      name: one.name,
      data: one.values,
      type: isLine ? "line" : "bar",
      stack: chart.kind === "stacked" ? "whole" : undefined,
      symbol: ["circle", "rect", "triangle", "diamond"][place % 4],
      symbolSize: 7,
      lineStyle: { width: 2.5, type: ["solid", "dashed", "dotted"][place % 3] },
      barMaxWidth: 36,
      connectNulls: false,
    })),
  };
}

async function draw(block) {
  if (block.dataset.drawn) return;
  block.dataset.drawn = "1";
  const echarts = await load(block.dataset.echarts);
  block.hidden = false;
  block.closest(".lf-chart").querySelector("details").open = false;
  const instance = echarts.init(block, null, { renderer: "canvas" });
  const paint = () => instance.setOption(options(JSON.parse(block.dataset.chart)), true);
  paint();
  block.dataset.state = "drawn";
  document.addEventListener("lianfang:theme", paint);
  new ResizeObserver(() => instance.resize()).observe(block);
}

function look(root) {
  for (const block of root.querySelectorAll?.("[data-chart]") || []) {
    // Where the library does not arrive the table is open already; the console keeps the reason.
    draw(block).catch((error) => { block.hidden = true; console.error(error); });
  }
}
look(document);
document.addEventListener("htmx:load", (event) => look(event.target));
