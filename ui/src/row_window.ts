// A table of thousands of rows of one height, of which only those in sight are elements. The scroll bar and assistive technology are told of all of them (WAI-ARIA aria-rowcount, aria-rowindex).
import { inFocus } from "./dom.ts";

const BEYOND = 12; // rows kept ready above and below

type Parts = { scroll: HTMLElement; canvas: HTMLElement; table: HTMLTableElement; body: HTMLTableSectionElement };
type Made<Item> = { item: Item; element: HTMLTableRowElement };

export class RowWindow<Item extends object> {
  private items: readonly Item[] = [];
  private made = new Map<string, Made<Item>>();
  private range: [number, number] = [0, 0];
  private height = 0;

  constructor(
    private readonly parts: Parts,
    private readonly keyOf: (item: Item) => string,
    private readonly build: (item: Item) => HTMLTableRowElement,
    private readonly adjust: (element: HTMLTableRowElement, item: Item) => void,
  ) {
    parts.scroll.addEventListener("scroll", () => this.draw(false), { passive: true });
    new ResizeObserver(() => (this.measure(), this.draw(true))).observe(parts.scroll);
  }

  show(items: readonly Item[]): void {
    this.items = items;
    this.draw(true);
  }

  // All that can be seen are made anew: what they are made from changed, though the items did not.
  forget(): void {
    this.made.clear();
  }

  get visible(): number {
    return this.height ? Math.max(1, Math.floor((this.parts.scroll.clientHeight - this.head) / this.height) - 1) : 1;
  }

  reveal(index: number): void {
    const { scroll } = this.parts;
    const top = index * this.height;
    const bottom = top + this.height + this.head - scroll.clientHeight;
    if (scroll.scrollTop > top) scroll.scrollTop = top;
    else if (scroll.scrollTop < bottom) scroll.scrollTop = bottom;
    this.draw(false);
  }

  element(item: Item | undefined): HTMLTableRowElement | undefined {
    return item && this.made.get(this.keyOf(item))?.element;
  }

  private get head(): number {
    return this.parts.table.tHead?.offsetHeight ?? 0;
  }

  private measure(): void {
    const row = this.parts.body.rows[0];
    if (row) this.height = row.getBoundingClientRect().height;
  }

  private draw(anew: boolean): void {
    const { scroll, canvas, table, body } = this.parts;
    if (!this.height) this.first();
    const first = Math.max(0, Math.floor(scroll.scrollTop / (this.height || 1)) - BEYOND);
    const last = Math.min(this.items.length, first + Math.ceil(scroll.clientHeight / (this.height || 1)) + 2 * BEYOND);
    if (!anew && Math.abs(first - this.range[0]) < BEYOND / 2 && this.range[1] >= Math.min(this.items.length, last - BEYOND / 2)) return;
    this.range = [first, last];
    const kept = new Map<string, Made<Item>>();
    const elements = this.items.slice(first, last).map((item, at) => this.row(item, first + at, kept));
    const inHand = inFocus("tr");
    const keyInHand = inHand && [...this.made].find(([, made]) => made.element === inHand)?.[0];
    if (elements.length !== body.rows.length || elements.some((each, at) => each !== body.rows[at])) body.replaceChildren(...elements); // else a press on a row would be lost
    canvas.style.height = `${this.items.length * this.height + this.head}px`;
    table.style.marginTop = `${first * this.height}px`;
    table.setAttribute("aria-rowcount", String(this.items.length + 1));
    this.made = kept;
    if (keyInHand) kept.get(keyInHand)?.element.focus({ preventScroll: true });
  }

  private row(item: Item, index: number, kept: Map<string, Made<Item>>): HTMLTableRowElement {
    const key = this.keyOf(item);
    const before = this.made.get(key);
    // a list that is told anew has new objects that say the same: their rows stay, for a press on one of them
    const same = before && (before.item === item || JSON.stringify(before.item) === JSON.stringify(item));
    const made = { item, element: same ? before.element : this.build(item) };
    made.element.setAttribute("aria-rowindex", String(index + 2));
    this.adjust(made.element, item);
    kept.set(key, made);
    return made.element;
  }

  private first(): void {
    const [item] = this.items;
    if (!item) return;
    this.parts.body.replaceChildren(this.build(item));
    this.measure();
  }
}
