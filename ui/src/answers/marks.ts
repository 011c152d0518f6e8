// Part of GET /api/studies/{study_key}: what people laid on its films. PUT .../marks takes `films`.
export type StoredMark = { kind: "ruler" | "angle" | "ratio" | "arrow"; points: [number, number][]; text: string };
export type FilmMarks = { instance_key: string; marks: StoredMark[] };
export type ReaderMarks = { reader_id: string; reader_name: string; version: number; saved_at: string; films: FilmMarks[] };
export type StudyMarks = { mine: ReaderMarks | null; others: ReaderMarks[] };
