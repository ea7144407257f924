// Charts: `<kimi-chart option="…">` draws an ECharts option that the server wrote. Loaded only
// by pages that have one. The drawing is in a shadow root, where hydration does not count it.
import { init, use } from 'echarts/core';
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

const shown = new Set();
const probe = document.createElement('i');
probe.hidden = true;
document.documentElement.append(probe);

/** What a token is in the present theme. */
function token(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

/** The option with the colours of the present theme, and the looks that all charts share. */
function themed(text) {
  const option = JSON.parse(text, (_, value) =>
    typeof value === 'string' && value.startsWith('@') ? token(value.slice(1)) : value);
  const [ink, muted, line, raised] = ['text', 'muted', 'line', 'raised'].map(token);
  const font = { color: muted, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
  // What lies below zero is a number too.
  const size = (value) => String(Math.abs(value));
  Object.assign(option, { textStyle: font });
  for (const legend of [option.legend].flat()) {
    Object.assign(legend ?? {}, { textStyle: font, itemWidth: 10, itemHeight: 10, icon: 'roundRect' });
  }
  for (const tooltip of [option.tooltip].flat()) {
    Object.assign(tooltip ?? {}, {
      valueFormatter: size, confine: true, transitionDuration: 0, backgroundColor: raised, borderColor: line,
      textStyle: { ...font, color: ink },
    });
  }
  for (const axis of [option.xAxis, option.yAxis].flat()) {
    Object.assign(axis, {
      axisLine: { show: axis.type === 'category', onZero: true, lineStyle: { color: line } },
      axisTick: { show: false }, nameTextStyle: font, axisLabel: { ...font, ...(axis.type === 'value' && { formatter: size }) },
    });
  }
  for (const series of option.series) Object.assign(series, { barMaxWidth: 32, cursor: 'pointer', symbolSize: 6 });
  return option;
}

class Chart extends HTMLElement {
  static observedAttributes = ['option'];

  connectedCallback() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    root.innerHTML = '<div style="width:100%;height:100%"></div>';
    this.chart = init(root.firstChild, null, { renderer: 'svg' });
    // A click leads to the rows behind the point.
    this.chart.on('click', ({ name }) => {
      const link = Object.assign(document.createElement('a'), { href: `${this.getAttribute('rows')}${name}` });
      this.append(link);
      link.click();
      link.remove();
    });
    this.sizes = new ResizeObserver(() => this.chart?.resize());
    this.sizes.observe(this);
    shown.add(this);
    this.draw();
  }

  disconnectedCallback() {
    shown.delete(this);
    this.sizes.disconnect();
    this.chart.dispose();
    this.chart = undefined;
  }

  attributeChangedCallback() {
    this.draw();
  }

  draw() {
    const option = this.getAttribute('option');
    if (this.chart && option) this.chart.setOption(themed(option), { notMerge: true });
  }
}

const redraw = () => shown.forEach((chart) => chart.draw());
new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ['data-theme'] });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
customElements.define('kimi-chart', Chart);
