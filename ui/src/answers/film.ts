// GET /api/studies/{study_key}/pixels: a JSON head and raw little-endian blocks (web/film_bytes.py).
export type Window = { center: number; width: number; function: "LINEAR" | "LINEAR_EXACT" | "SIGMOID"; explanation: string };
export type Pair = [number, number];
export type Block = { offset: number; bytes: number; bytes_per_value: 1 | 2 | 4 };

export type FilmFacts = {
  rows: number;
  columns: number;
  bits_stored: number;
  photometric_interpretation: string;
  inverted: boolean;
  padding: Pair | null;
  windows: Window[];
  windows_stated: boolean;
  voi_lut_explanation: string;
  pixel_spacing_mm: Pair | null; // row, column
  imager_pixel_spacing_mm: Pair | null;
  calibration_type: string;
  calibration_description: string;
  magnification: number | null;
  burned_in_annotation: string;
  view_position: string;
  image_laterality: string;
  patient_orientation: string[];
  lossy: boolean;
};

export type FilmHead = FilmFacts & { blocks: { stored: Block; modality: Block; voi_lut?: Block } };
