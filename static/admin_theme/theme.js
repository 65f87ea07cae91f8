/* What the admin theme's pages call by name: Alpine's CSP build reads no globals and no functions in attributes. */

const dark = window.matchMedia("(prefers-color-scheme: dark)");

const read = (key, otherwise) => localStorage.getItem(key) ?? otherwise;

const theme = () => ({
  openModal: false,
  filterOpen: false,
  openAllApplications: false,
  adminTheme: read("adminTheme", "auto"),
  systemDark: dark.matches,

  init() {
    dark.addEventListener("change", (event) => {
      this.systemDark = event.matches;
    });
    for (const open of ["openModal", "filterOpen"]) {
      this.$watch(open, (value) => document.body.classList.toggle("overflow-hidden", value));
    }
    this.$watch("filterOpen", (open) => {
      const to = open ? "#changelist-filter a" : "#changelist-filter-open";
      this.$nextTick(() => document.querySelector(to)?.focus());
    });
  },

  switchTheme(name) {
    this.adminTheme = name;
    localStorage.setItem("adminTheme", name);
  },

  themeBindings: {
    ["x-bind:class"]() {
      const isDark = this.adminTheme === "dark" || (this.adminTheme === "auto" && this.systemDark);
      return isDark ? "dark" : "light";
    },
  },
});

const shell = () => ({
  activeTab: "",
  sidebarMobileOpen: false,
  sidebarDesktopOpen: read("sidebarDesktopOpen", "1") === "1",

  init() {
    const fragment = window.location.hash.slice(1);
    this.activeTab = document.getElementById(`${fragment}-group`) ? fragment : this.$el.dataset.tab;
  },

  toggleSidebar() {
    this.sidebarDesktopOpen = !this.sidebarDesktopOpen;
    localStorage.setItem("sidebarDesktopOpen", this.sidebarDesktopOpen ? "1" : "0");
  },

  /* The form's address is spelled with window.location. */
  get window() {
    const { pathname, search } = window.location;
    return { location: { pathname, search } };
  },
});

document.addEventListener("alpine:init", () => {
  window.Alpine.data("theme", theme);
  window.Alpine.data("shell", shell);
  window.Alpine.data("searchForm", window.searchForm);
});
