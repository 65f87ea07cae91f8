/** The code a QR code brought along is entered already. */

const code = decodeURIComponent(location.hash.slice(1));
if (code) {
  document.getElementById("id_code").value = code;
  history.replaceState(null, "", location.pathname); // a code has no business in the address
  document.querySelector("#join-form [type=submit]").focus();
}
