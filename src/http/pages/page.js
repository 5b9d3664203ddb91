// Copies the details of a refused sign-in. The button is hidden until this runs; without it the text can be selected.
const button = document.querySelector("[data-copy]");
const details = document.getElementById("details");

function select() {
  const range = document.createRange();
  range.selectNodeContents(details);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

if (button && details) {
  const status = document.getElementById("copied");
  button.hidden = false;
  button.addEventListener("click", async () => {
    // Browsers offer the clipboard on https and on localhost only; elsewhere the text is left selected.
    try {
      await navigator.clipboard.writeText(details.textContent);
      status.textContent = button.dataset.copy;
    } catch {
      select();
    }
  });
}
