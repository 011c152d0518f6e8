// GET and POST /api/studies/{study_key}/identity: doubts about who the study is of.
export type Person = { patient_id: string; issuer_of_patient_id: string; patient_name: string; patient_birth_date: string; patient_sex: string };

export type Hold = {
  hold_key: string;
  study_key: string;
  kind: "patient_mismatch" | "demographics" | "patient_merged" | "merge_undone" | "order_cancelled";
  differs: string[];
  opened_at: string;
  stops_signing: boolean;
  answer: "right_patient" | "wrong_patient" | "seen" | null;
  answered_by: string;
  answered_at: string | null;
};

export type Compared = Hold & { film: Person | null; said: Person | null };
