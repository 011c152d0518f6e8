// A film's every stored value, as the server sent it: fetched and taken apart, nothing decoded here.
import type { FilmFacts, FilmHead } from "../answers/film.ts";
import { Problem } from "../api.ts";
import { Sampler } from "./sampler.ts";
import { t } from "../catalogue.ts";

export type Stored = Uint8Array | Uint16Array;
export type FilmPixels = { facts: FilmFacts; stored: Stored; modality: Float32Array; voiLut: Float32Array | null; sampler: Sampler };

export type Sent = { film: FilmPixels; instanceKey: string; etag: string };
export type Asked = { signal?: AbortSignal; ahead?: boolean; have?: Sent | null };

// Without an instance: the film the model read, else the first; the answer says which. `ahead`: for later, not to be shown yet. `have`: what was fetched ahead; the server is asked whether it may be shown.
export async function fetchFilm(studyKey: string, instanceKey: string, { signal, ahead = false, have = null }: Asked = {}): Promise<Sent> {
  const query = [instanceKey && `instance=${instanceKey}`, ahead && "ahead=1"].filter(Boolean).join("&");
  const headers = { "wetread-request": "1", ...(ahead ? { "wetread-activity": "background" } : {}), ...(have ? { "if-none-match": have.etag } : {}) };
  const answer = await fetch(`/api/studies/${studyKey}/pixels${query && `?${query}`}`, { headers, signal: signal ?? null, priority: ahead ? "low" : "high" }).catch((thrown: unknown) => {
    if (signal?.aborted) throw thrown;
    throw new Problem(0, { code: "offline", detail: t("pixels.the_server_cannot_be_reached") });
  });
  if (answer.status === 304 && have) return have;
  if (answer.ok) return { film: takenApart(await answer.arrayBuffer()), instanceKey: answer.headers.get("wetread-instance") ?? instanceKey, etag: answer.headers.get("etag") ?? "" };
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
