// Runs before the page is drawn, so that it never flashes in the wrong theme.
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    var chosen = root.dataset.theme;
    root.dataset.bsTheme = chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
    document.dispatchEvent(new CustomEvent("lianfang:theme"));
  }
  root.classList.add("js");
  apply();
  if (dark.addEventListener) dark.addEventListener("change", apply);
  window.lianfangTheme = function (name) { root.dataset.theme = name; apply(); };
})();
