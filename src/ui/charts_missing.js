// Stands in for the charts of a build that was made without them.
customElements.define('kimi-chart', class extends HTMLElement {
  connectedCallback() {
    this.attachShadow({ mode: 'open' }).textContent =
      'This build has no charts: run “npm install” in the sources and build again. The table has the same numbers.';
  }
});
