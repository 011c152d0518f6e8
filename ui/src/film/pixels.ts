// A film's every stored value, as the server sent it: fetched and taken apart, nothing decoded here.
import type { FilmFacts, FilmHead } from "../answers/film.ts";
import { Problem } from "../api.ts";

export type Stored = Uint8Array | Uint16Array;
export type FilmPixels = { facts: FilmFacts; stored: Stored; modality: Float32Array; voiLut: Float32Array | null };

export async function fetchPixels(studyKey: string, instanceKey: string, signal?: AbortSignal): Promise<FilmPixels> {
  const which = instanceKey ? `?instance=${instanceKey}` : "";
  const answer = await fetch(`/api/studies/${studyKey}/pixels${which}`, { headers: { "wetread-request": "1" }, signal: signal ?? null }).catch((thrown: unknown) => {
    if (signal?.aborted) throw thrown;
    throw new Problem(0, { code: "offline", detail: "The server cannot be reached." });
  });
  if (answer.ok) return takenApart(await answer.arrayBuffer());
  const said: { code?: string; detail?: string } = await answer.json().catch(() => ({}));
  throw new Problem(answer.status, said);
}

export function takenApart(buffer: ArrayBuffer): FilmPixels {
  const headBytes = new DataView(buffer).getUint32(0, true);
  const { blocks, ...facts } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headBytes))) as FilmHead;
  const { stored, modality, voi_lut: lut } = blocks;
  return {
    facts,
    stored: stored.bytes_per_value === 1 ? new Uint8Array(buffer, stored.offset, stored.bytes) : new Uint16Array(buffer, stored.offset, stored.bytes / 2),
    modality: new Float32Array(buffer, modality.offset, modality.bytes / 4),
    voiLut: lut ? new Float32Array(buffer, lut.offset, lut.bytes / 4) : null,
  };
}
