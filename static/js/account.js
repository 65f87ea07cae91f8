/** For the account pages: the first thing to mend has the focus, the
 * chosen part of the narrow menu is in view, and secrets can be copied. */

document.querySelector('[aria-invalid="true"]:is(input, select), [aria-invalid="true"] input')?.focus();
document.querySelector(".account-nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.innerText.trim());
      button.textContent = button.dataset.copied;
    } catch {
      getSelection().selectAllChildren(source); // without the clipboard: at least selected
    }
  });
}
