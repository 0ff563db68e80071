// Buttons that print the page: data-prints.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-prints]")) window.print();
});
