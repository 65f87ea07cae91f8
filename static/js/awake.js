/** Keep the screen on while something records; returns how to let it go dark again. */
export function stayAwake() {
  let lock = null;
  const ask = () => {
    if (document.visibilityState !== "visible") return;
    navigator.wakeLock?.request("screen").then((granted) => (lock = granted), () => {});
  };
  ask();
  document.addEventListener("visibilitychange", ask); // hiding a page takes the lock away
  return () => {
    document.removeEventListener("visibilitychange", ask);
    lock?.release().catch(() => {});
  };
}
