// A film's every stored value, as the server sent it: fetched and taken apart, nothing decoded here.
import type { FilmFacts, FilmHead } from "../answers/film.ts";
import { get, Problem } from "../api.ts";
import { Sampler } from "./sampler.ts";

export type Stored = Uint8Array | Uint16Array;
export type FilmPixels = { facts: FilmFacts; stored: Stored; modality: Float32Array; voiLut: Float32Array | null; sampler: Sampler };

export type Sent = { film: FilmPixels; instanceKey: string };

// Without an instance: the film the model read, else the first; the answer says which.
export async function fetchFilm(studyKey: string, instanceKey = "", signal?: AbortSignal): Promise<Sent> {
  const which = instanceKey ? `?instance=${instanceKey}` : "";
  const answer = await fetch(`/api/studies/${studyKey}/pixels${which}`, { headers: { "wetread-request": "1" }, signal: signal ?? null }).catch((thrown: unknown) => {
    if (signal?.aborted) throw thrown;
    throw new Problem(0, { code: "offline", detail: "The server cannot be reached." });
  });
  if (answer.ok) return { film: takenApart(await answer.arrayBuffer()), instanceKey: answer.headers.get("wetread-instance") ?? instanceKey };
  const said: { code?: string; detail?: string } = await answer.json().catch(() => ({}));
  throw new Problem(answer.status, said);
}

export function takenApart(buffer: ArrayBuffer): FilmPixels {
  const headBytes = new DataView(buffer).getUint32(0, true);
  const { blocks, ...facts } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headBytes))) as FilmHead;
  const { stored: block, modality, voi_lut: lut } = blocks;
  const stored = block.bytes_per_value === 1 ? new Uint8Array(buffer, block.offset, block.bytes) : new Uint16Array(buffer, block.offset, block.bytes / 2);
  return {
    facts,
    stored,
    modality: new Float32Array(buffer, modality.offset, modality.bytes / 4),
    voiLut: lut ? new Float32Array(buffer, lut.offset, lut.bytes / 4) : null,
    sampler: new Sampler(stored, facts.rows, facts.columns, facts.padding),
  };
}

// Has the server decode the film of the study that will probably be next. Nothing of it is sent, so nobody has seen it.
export async function prepareNext(studyKey: string): Promise<void> {
  const { study_key: next } = await get<{ study_key: string | null }>(`/api/worklist/next?after=${studyKey}`, { background: true });
  if (next) await fetch(`/api/studies/${next}/pixels?ahead=1`, { headers: { "wetread-request": "1", "wetread-activity": "background" }, priority: "low" });
}
