// Draws the table of a trend: lines, reference bands, institutions as shapes, beginnings of medicines as marks.
// The table stays below it and holds every value; the chart is for the eye alone.
(() => {
  "use strict";
  const place = document.getElementById("chart");
  if (!place || !window.echarts) return;
  const SHAPES = ["circle", "rect", "triangle", "diamond", "pin", "arrow"];
  const COLOURS = ["#0b6b6b", "#1b5e99"];
  const style = getComputedStyle(document.documentElement);
  const danger = style.getPropertyValue("--tblr-danger").trim() || "#b3261e";
  const text = style.getPropertyValue("--tblr-body-color").trim() || "#1c2a2b";
  const font = getComputedStyle(document.body).fontFamily;
  const size = 12 * (parseFloat(style.fontSize) / 16);
  const rows = [...document.querySelectorAll(`#${place.dataset.table} tbody tr`)]
    .filter((row) => row.dataset.at && row.dataset.numbers).reverse();
  const lines = [...document.querySelectorAll("#trend-lines li")].map((one) => one.dataset);
  const places = [...new Set(rows.map((row) => row.dataset.place))];
  const number = (given) => (given === "" || given === undefined ? null : Number(given));

  // medicines are told by the numbers that the list beside the table gives them
  const days = new Map();
  [...document.querySelectorAll("#changes li")].forEach((one, at) => {
    days.set(one.dataset.day, [...(days.get(one.dataset.day) ?? []), at + 1]);
  });
  const marks = [...days].map(([day, numbers]) => ({
    xAxis: new Date(`${day}T00:00:00+08:00`).getTime(),
    label: { formatter: numbers.join(" ") },
  }));
  const series = lines.map((line, at) => ({
    type: "line",
    name: line.name,
    data: rows.map((row) => ({
      value: [new Date(row.dataset.at).getTime(), Number(row.dataset.numbers.split(",")[at])],
      symbol: SHAPES[places.indexOf(row.dataset.place) % SHAPES.length],
      symbolSize: 9,
      place: row.dataset.place,
      itemStyle: ["N", ""].includes(row.dataset.flag) ? {} : { color: danger },
    })),
    lineStyle: { width: 2 },
    color: COLOURS[at % COLOURS.length],
    markArea: number(line.low) === null && number(line.high) === null ? undefined : {
      silent: true,
      itemStyle: { color: COLOURS[at % COLOURS.length], opacity: 0.09 },
      data: [[{ yAxis: number(line.low) ?? "min" }, { yAxis: number(line.high) ?? "max" }]],
    },
    markLine: at || !marks.length ? undefined : {
      silent: true,
      symbol: ["none", "none"],
      lineStyle: { type: "dashed", color: "#6a7a7d" },
      label: { color: text, position: "end", fontSize: size - 1, distance: [0, 4] },
      data: marks,
    },
  }));
  const numbers = rows.flatMap((row) => row.dataset.numbers.split(",").map(Number));
  const bounds = lines.flatMap((line) => [number(line.low), number(line.high)]).filter((one) => one !== null);
  const low = Math.min(...numbers, ...bounds), high = Math.max(...numbers, ...bounds);
  const step = 10 ** Math.floor(Math.log10(high - low || 1));

  place.hidden = false;
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", place.dataset.label);
  const chart = window.echarts.init(place, null, { renderer: "svg" });
  chart.setOption({
    animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: { color: text, fontSize: size, fontFamily: font },
    grid: { left: 8, right: 24, top: marks.length ? 32 : 16, bottom: lines.length > 1 ? 32 : 8, containLabel: true },
    legend: lines.length > 1 ? { bottom: 0, textStyle: { fontSize: size, fontFamily: font } } : undefined,
    // rich text is drawn by the chart; the page's policy allows no markup with styles
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      textStyle: { fontFamily: font, fontSize: size },
      formatter: (found) => [
        new Date(found[0].value[0]).toLocaleDateString("sv-SE", { timeZone: "Asia/Shanghai" }),
        ...found.map((one) => `${one.seriesName} ${one.value[1]} ${place.dataset.unit}`),
        found[0].data.place,
      ].filter(Boolean).join("\n"),
    },
    xAxis: { type: "time", axisLabel: { fontSize: size, hideOverlap: true } },
    yAxis: { type: "value", min: Math.max(0, Math.floor(low / step) * step), max: Math.ceil(high / step) * step, axisLabel: { fontSize: size } },
    series,
  });
  window.addEventListener("resize", () => chart.resize());
  window.addEventListener("beforeprint", () => chart.resize());
})();
