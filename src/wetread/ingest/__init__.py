"""May this study enter? Complete, right modality, body part and view, not seen before, not hostile."""
