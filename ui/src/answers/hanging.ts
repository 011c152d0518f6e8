// GET /api/hanging-protocols
export type Hung = { show: "current" | "prior"; views?: string[]; prior?: number; preset?: number };
export type Compare = "side" | "swipe" | "fade";
export type When = { views?: string[]; least_priors?: number; least_width_px?: number; findings?: string[] };
export type Protocol = { name: string; when: When; panes: Hung[]; compare?: Compare };
export type HangingProtocols = { protocols: Protocol[]; problem: string };
