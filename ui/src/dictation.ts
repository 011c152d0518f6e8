// Speech to text by the browser's own engine, where it has one and the site allows it (Chrome sends the audio to its maker: docs/reading-room.md).
import { h } from "./dom.ts";
import { t } from "./catalogue.ts";

type Result = { isFinal: boolean; 0?: { transcript: string } };
type Recognition = EventTarget & { continuous: boolean; interimResults: boolean; lang: string; start: () => void; stop: () => void };
type Engine = new () => Recognition;

const engine = (): Engine | undefined => {
  const known = globalThis as unknown as { SpeechRecognition?: Engine; webkitSpeechRecognition?: Engine };
  return known.SpeechRecognition ?? known.webkitSpeechRecognition;
};

export const canDictate = (allowed: boolean): boolean => allowed && engine() !== undefined;

class Dictation {
  private recognition: Recognition | null = null;

  constructor(
    private readonly onWords: (text: string) => unknown,
    private readonly onState: (listening: boolean, problem: string) => unknown,
  ) {}

  toggle(): void {
    if (this.recognition) return this.recognition.stop();
    const Engine_ = engine();
    if (!Engine_) return;
    const recognition = new Engine_();
    Object.assign(recognition, { continuous: true, interimResults: false, lang: document.documentElement.lang || "en" });
    recognition.addEventListener("result", (event) => {
      const { results, resultIndex } = event as Event & { results: ArrayLike<Result>; resultIndex: number };
      for (const result of Array.from(results).slice(resultIndex)) if (result.isFinal && result[0]) this.onWords(result[0].transcript.trim());
    });
    recognition.addEventListener("error", (event) => this.onState(false, (event as Event & { error?: string }).error ?? t("dictation.no_speech_recognised")));
    recognition.addEventListener("end", () => ((this.recognition = null), this.onState(false, "")));
    this.recognition = recognition;
    recognition.start();
    this.onState(true, "");
  }
}

export function dictateButton(onWords: (text: string) => unknown, onProblem: (says: string) => unknown): HTMLElement {
  const dictation = new Dictation(onWords, (listening, problem) => {
    button.setAttribute("aria-pressed", String(listening));
    if (problem) onProblem(t("dictation.dictation_stopped", { problem }));
  });
  const button: HTMLButtonElement = h("button", { class: "quiet", "aria-pressed": "false", onclick: () => dictation.toggle() }, t("dictation.dictate"));
  return button;
}
