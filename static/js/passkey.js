/** What allauth's passkey script leaves out: saying that it failed, and hiding what cannot work. */

const BUTTONS = "#passkey_login, #mfa_webauthn_authenticate, #mfa_webauthn_reauthenticate, #mfa_webauthn_add";
const button = document.querySelector(BUTTONS);
const problem = document.getElementById("passkey_problem");

(button.closest("form") ?? button).after(problem);
if (!window.PublicKeyCredential) button.disabled = true;
button.addEventListener("click", () => (problem.hidden = true));
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  problem.hidden = false;
});
