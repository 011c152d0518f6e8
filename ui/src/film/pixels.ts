// A film's every stored value, as the server sent it: fetched and taken apart, nothing decoded here.
import type { FilmFacts, FilmHead } from "../answers/film.ts";
import { Problem } from "../api.ts";
import { Sampler } from "./sampler.ts";
import { t } from "../catalogue.ts";

export type Stored = Uint8Array | Uint16Array;
export type FilmPixels = { facts: FilmFacts; stored: Stored; modality: Float32Array; voiLut: Float32Array | null; sampler: Sampler };

export type Sent = { film: FilmPixels; instanceKey: string; etag: string };

// Without an instance: the film the model read, else the first; the answer says which. `ahead`: for later, not to be shown yet.
export async function fetchFilm(studyKey: string, instanceKey: string, signal: AbortSignal, ahead = false): Promise<Sent> {
  const query = [instanceKey && `instance=${instanceKey}`, ahead && "ahead=1"].filter(Boolean).join("&");
  const answer = await ask(`/api/studies/${studyKey}/pixels${query && `?${query}`}`, { headers: { "wetread-request": "1", ...(ahead ? { "wetread-activity": "background" } : {}) }, signal, priority: ahead ? "low" : "high" });
  return { film: takenApart(await answer.arrayBuffer()), instanceKey: answer.headers.get("wetread-instance") ?? instanceKey, etag: answer.headers.get("etag") ?? "" };
}

// What was fetched ahead, or is on its way, once the server said that this very film may be shown now; else the film anew.
export async function showFetched(studyKey: string, sent: Promise<Sent | null>, signal: AbortSignal): Promise<Sent> {
  const asked = ask(`/api/studies/${studyKey}/pixels`, { headers: { "wetread-request": "1", "if-none-match": "*" }, signal, priority: "high" });
  const [have, answer] = await Promise.all([sent, asked]);
  return have && have.etag === answer.headers.get("etag") ? have : fetchFilm(studyKey, "", signal);
}

async function ask(path: string, asked: RequestInit): Promise<Response> {
  const answer = await fetch(path, asked).catch((thrown: unknown) => {
    if (asked.signal?.aborted) throw thrown;
    throw new Problem(0, { code: "offline", detail: t("pixels.the_server_cannot_be_reached") });
  });
  if (answer.ok || answer.status === 304) return answer;
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
