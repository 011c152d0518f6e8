// Which hanging protocol fits a study, and which films it means. Pure.
import type { Hung, Protocol, When } from "../answers/hanging.ts";

export type Known = { views: string[]; priors: number; width_px: number; findings: string[] };

const some = (wanted: string[] | undefined, have: string[]): boolean => !wanted || wanted.some((each) => have.includes(each));

export const fits = (when: When, known: Known): boolean =>
  some(when.views, known.views) && some(when.findings, known.findings) && known.priors >= (when.least_priors ?? 0) && (!when.least_width_px || known.width_px >= when.least_width_px);

// The first that fits; every document holds one that always does.
export const choose = (protocols: Protocol[], known: Known): Protocol | undefined => protocols.find(({ when }) => fits(when, known));

// Those a reader may switch to: what the study has films for, whatever the window's width or the findings.
export const possible = (protocols: Protocol[], known: Known): Protocol[] => protocols.filter(({ when }) => fits({ ...(when.views ? { views: when.views } : {}), ...(when.least_priors ? { least_priors: when.least_priors } : {}) }, known));

// The film of this study that a pane means: by view, else the one given.
export const filmFor = <Film extends { view_position: string }>(hung: Hung, films: Film[], otherwise: Film | undefined): Film | undefined => films.find((each) => hung.views?.includes(each.view_position)) ?? otherwise;
