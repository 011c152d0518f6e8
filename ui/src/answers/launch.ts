// GET /api/launch: what the record system opened.
export type Launch = { code: string; ehr: string; studies: { study_key: string; study_date: string; study_description: string }[] };
