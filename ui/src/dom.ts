// Elements from data. Text only ever becomes a text node: no markup is parsed anywhere in these pages.
const SVG = "http://www.w3.org/2000/svg";

export type Child = Node | string | number | null | undefined | false | "" | readonly Child[];
type Attribute = string | number | boolean | null | undefined;
type Handlers<E> = { [K in keyof HTMLElementEventMap as `on${K}`]?: (event: HTMLElementEventMap[K] & { readonly currentTarget: E }) => unknown };
type Properties<E> = Handlers<E> & { [name: string]: Attribute | ((event: never) => unknown) };

export function h<T extends keyof HTMLElementTagNameMap>(tag: T, properties: Properties<HTMLElementTagNameMap[T]> = {}, ...children: Child[]): HTMLElementTagNameMap[T] {
  return filled(document.createElement(tag), properties, children);
}

export function s<T extends keyof SVGElementTagNameMap>(tag: T, properties: Record<string, Attribute> = {}, ...children: Child[]): SVGElementTagNameMap[T] {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled<E extends Element>(element: E, properties: Record<string, unknown>, children: Child[]): E {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...nodes(children));
  return element;
}

const nodes = (children: readonly Child[]): (Node | string)[] =>
  children.flatMap((child) => (Array.isArray(child) ? nodes(child) : child === null || child === undefined || child === false ? [] : [child instanceof Node ? child : String(child)]));

// The page's own element of that id and kind; a page without it is broken, and says so.
export function byId<E extends HTMLElement = HTMLElement>(id: string, kind: abstract new () => E = HTMLElement as unknown as abstract new () => E): E {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no #${id} of that kind`);
  return element;
}

// Draws a place anew, unless what stands there is the same: a press on a button that is exchanged before it is let go is lost, and so is the keyboard's place.
export function redraw(place: Element, ...children: Child[]): void {
  const fresh = h("div", {}, children);
  const same = fresh.childNodes.length === place.childNodes.length && [...fresh.childNodes].every((each, at) => each.isEqualNode(place.childNodes[at] ?? null));
  if (!same) place.replaceChildren(...fresh.childNodes);
}

// What is in hand: the element with the focus, where it is one of those.
export function inFocus(selector: string): HTMLElement | null {
  const closest = document.activeElement?.closest(selector);
  return closest instanceof HTMLElement ? closest : null;
}

export function show(element: Element, visible: boolean): void {
  element.toggleAttribute("hidden", !visible);
}

type DialogOptions = { stay?: boolean; className?: string; fromTop?: boolean };

// A modal dialog that resolves to what closed it; Escape resolves to null unless `stay`. `fromTop`: a long one begins at its beginning, wherever the focus is.
export function dialog<T>(title: string, build: (close: (value: T | null) => void) => Node, { stay = false, className = "", fromTop = false }: DialogOptions = {}): Promise<T | null> {
  return new Promise((resolve) => {
    const heading = h("h2", { id: `dialog-${Math.random().toString(36).slice(2)}` }, title);
    const element = h("dialog", { "aria-labelledby": heading.id, class: className });
    const close = (value: T | null) => {
      element.close();
      element.remove();
      resolve(value);
    };
    element.addEventListener("cancel", (event) => {
      event.preventDefault();
      if (!stay) close(null);
    });
    element.append(heading, build(close));
    document.body.append(element);
    element.showModal();
    (element.querySelector<HTMLElement>("[autofocus]") ?? element).focus();
    if (fromTop) element.scrollTop = 0;
  });
}
