// What every page does by itself: menus, dialogs, toasts, confirmation, theme, what htmx is told when things fail.
const TOAST_SECONDS = 8;

// --- menus: one open at a time; Escape and a click beside them close them
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.lf-menu[open]")) {
    if (menu !== except && !menu.contains(except)) menu.open = false;
  }
}
document.addEventListener("click", (event) => {
  closeMenus(event.target.closest?.("details.lf-menu"));
  const isBeside = location.hash === "#navigation" && !event.target.closest("#navigation, [href='#navigation']");
  if (isBeside) { event.preventDefault(); location.hash = "content"; }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.activeElement?.closest("details.lf-menu[open]");
  closeMenus(null);
  open?.querySelector("summary").focus();
  if (location.hash === "#navigation") location.hash = "content";
});

// --- dialogs, back, toasts
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (event.target.closest("[data-goes=back]")) history.back();
  if (event.target.closest("[data-prints]")) window.print();
  event.target.closest("[data-closes=toast]")?.closest("[data-toast]").remove();
});
for (const button of document.querySelectorAll("[data-goes=back]")) button.hidden = history.length < 2;

function showWords(id) {
  const words = document.getElementById(id);
  const shelf = document.getElementById("toasts");
  if (words && shelf) shelf.append(words.content.cloneNode(true));
}

// A toast stays while it is pointed at or holds the focus, and for good where it says what went wrong.
function letGo(toast) {
  if (toast.dataset.toast === "stays" || toast.dataset.timed) return;
  toast.dataset.timed = "1";
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, 1500);
    else toast.remove();
  };
  const seconds = toast.querySelector("form") ? 2 * TOAST_SECONDS : TOAST_SECONDS;
  setTimeout(leave, seconds * 1000);
}

// --- a question before an act that has no way back: data-confirm="…" on a form
function wire(dialog) {
  let waiting = null;
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset?.confirm || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopPropagation();
    waiting = { form, submitter: event.submitter };
    dialog.querySelector("p").textContent = form.dataset.confirm;
    const yes = dialog.querySelector("[value=yes]");
    yes.textContent = form.dataset.confirmWord || yes.dataset.word;
    dialog.returnValue = "no";
    dialog.showModal();
  }, true);
  dialog.addEventListener("close", () => {
    const asked = waiting;
    waiting = null;
    if (!asked || dialog.returnValue !== "yes") return;
    asked.form.dataset.confirmed = "1";
    asked.form.requestSubmit(asked.submitter || undefined);
    delete asked.form.dataset.confirmed;
  });
}
const question = document.getElementById("lf-confirm");
if (question) wire(question);

// --- a form is sent once, however often its button is pressed
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 4000);
});
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// --- theme without losing what is typed
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const sent = new FormData(form, event.submitter);
  if (!sent.has("theme")) sent.set("theme", event.submitter.value);
  window.lianfangTheme(event.submitter.value);
  for (const button of form.querySelectorAll("button")) button.toggleAttribute("aria-current", false);
  event.submitter.setAttribute("aria-current", "true");
  closeMenus(null);
  fetch(form.action, { method: "POST", body: sent, redirect: "manual" }).catch(() => showWords("lf-words-offline"));
}, true);

// --- unmasked numbers hide again
function hideLater(shown) {
  if (shown.dataset.timed) return;
  shown.dataset.timed = "1";
  setTimeout(() => {
    shown.querySelector(".lf-masked-value").textContent = shown.dataset.masked;
    shown.querySelector("small")?.remove();
    shown.classList.remove("lf-revealed");
  }, Number(shown.dataset.hides) * 1000);
}

// --- htmx: our own error answers are toasts; whatever else fails gets words, and nothing on the page is replaced
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status < 400 || xhr.status === 422) return;
  if (xhr.getResponseHeader("HX-Retarget") === "#toasts") event.detail.shouldSwap = true;
  else showWords("lf-words-failed");
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => showWords("lf-words-offline"));
}

function look(root) {
  root.querySelectorAll?.("[data-toast]").forEach(letGo);
  root.querySelectorAll?.("[data-hides]").forEach(hideLater);
  root.querySelector?.("[data-focus]")?.focus();
}
look(document);
document.addEventListener("htmx:load", (event) => {
  const added = event.target;
  if (added.matches?.("[data-toast]")) letGo(added);
  if (added.matches?.("[data-hides]")) hideLater(added);
  look(added);
});
