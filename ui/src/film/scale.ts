// How long a pixel is, and on whose word. Pure. PS3.3 §10.7.1: PixelSpacing is at the patient only where it was calibrated; ImagerPixelSpacing is at the detector.
import type { FilmFacts } from "../answers/film.ts";
import { t } from "../catalogue.ts";

export type Scale = { row: number; column: number; unit: "mm" | "px"; basis: string };

const NEAR = 1e-6;

export function scaleOf({ pixel_spacing_mm: pixel, imager_pixel_spacing_mm: imager, calibration_type: type, calibration_description: by, magnification }: FilmFacts): Scale {
  const same = pixel && imager && Math.abs(pixel[0] - imager[0]) < NEAR && Math.abs(pixel[1] - imager[1]) < NEAR;
  if (pixel && (type === "GEOMETRY" || type === "FIDUCIAL")) return { row: pixel[0], column: pixel[1], unit: "mm", basis: [t(type === "FIDUCIAL" ? "scale.fiducial" : "scale.geometry"), by].filter(Boolean).join(": ") };
  if (imager && magnification && magnification > 1 && (!pixel || same)) return { row: imager[0] / magnification, column: imager[1] / magnification, unit: "mm", basis: t("scale.at_the_detector_divided_by", { magnification: magnification.toFixed(2) }) };
  if (imager && (!pixel || same)) return { row: imager[0], column: imager[1], unit: "mm", basis: t("scale.at_the_detector_not_corrected") };
  if (pixel) return { row: pixel[0], column: pixel[1], unit: "mm", basis: imager ? t("scale.differs_from_the_detectors_calibration") : t("scale.calibration_not_stated") };
  return { row: 1, column: 1, unit: "px", basis: t("scale.the_film_states_no_size") };
}

export const aspectOf = ({ row, column }: Scale): number => row / column;

const NICE = [1, 2, 5];

// A round length near `px` on the screen, and how long it is there.
export function barOf(perUnit: number, px: number): { length: number; px: number } {
  const wanted = px / perUnit;
  const decade = 10 ** Math.floor(Math.log10(wanted));
  const length = decade * (NICE.filter((each) => each * decade <= wanted).at(-1) ?? 1);
  return { length, px: length * perUnit };
}
