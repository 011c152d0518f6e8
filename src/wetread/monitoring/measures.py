"""The names of live monitoring's numbers and what each means, frozen: table, page, JSON and metrics read them here."""

__all__ = ["MEASURES", "RATES"]

MEASURES: dict[str, str] = {
    "prevalence": "share of labelled studies whose signed report states the finding",
    "sensitivity": "called among those whose signed report states it; called: probability >= threshold",
    "specificity": "not called among those whose signed report does not state it",
    "ppv": "stated by the signed report among called",
    "fp_per_100_studies": "100 x called but not stated / labelled studies; exact Poisson interval",
    "auroc": "mid-rank AUROC, logit interval on Obuchowski's clustered variance; from 10 positives and 10 negatives",
    "brier": "mean squared error of the probability; bootstrap over patients",
    "ece": "10 equal-width bins on P(finding), from 200 studies; read it beside ece_null_mean",
    "ece_null_mean": "the mean ECE that a perfectly calibrated model with the same probabilities shows by chance",
    "ece_p": "chance of an ECE as large from a perfectly calibrated model",
    "mean_probability": "mean calibrated probability; bootstrap over patients",
    "psi": "population stability index of raw scores over the reference's frozen bins, one study a patient, half-count smoothing",
    "psi_critical": "the PSI that 5 % of windows of this size exceed when nothing changed (chi-square)",
    "ks": "Kolmogorov-Smirnov distance of raw scores to the reference, one study a patient",
    "ks_p": "two-sided p of that distance",
    "override": "not stated (denied or not mentioned) by the signed report among called",
    "added": "stated by the signed report among not called",
    "edited": "signed words differ from the draft's, of studies that had a draft; of the study, whatever the finding",
    "sentence_changed": "the draft's sentence on the finding edited or deleted, of signed reports whose draft had one",
    "signed_otherwise": "signed the opposite, of what readers had said blind (own blind findings only)",
    "turnaround_called_min": "median minutes from receipt to signature where the finding was called; order-statistic interval",
    "turnaround_not_called_min": "the same where it was not called",
    "turnaround_missed_min": "the same where it was not called and the signed report states it",
    "sensitivity_evidence": "evidence that misses are more frequent than the upper end of the reference's interval: 365/days comes by chance once a year",
    "override_evidence": "the same of overrides",
    "calibration_evidence": "the same that probabilities are off by more than the tolerance",
}
RATES = ("prevalence", "sensitivity", "specificity", "ppv", "override", "added", "edited", "sentence_changed")
