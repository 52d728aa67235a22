"""The metrics that need no code: the scorer names of scikit-learn 1.9 (sklearn.metrics.get_scorer_names) by task.

Less the clustering ones. Asked by model.yaml's check and by the image at training, whose tests hold them to
scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping

_AVERAGES = ("", "_macro", "_micro", "_samples", "_weighted")
METRICS: Mapping[str, frozenset[str]] = {
    "classification": frozenset(
        [f"{name}{average}" for name in ("f1", "jaccard", "precision", "recall") for average in _AVERAGES]
        + ["accuracy", "average_precision", "balanced_accuracy", "d2_brier_score", "d2_log_loss_score"]
        + ["matthews_corrcoef", "neg_brier_score", "neg_log_loss", "neg_negative_likelihood_ratio"]
        + ["positive_likelihood_ratio", "roc_auc", "roc_auc_ovo", "roc_auc_ovo_weighted", "roc_auc_ovr"]
        + ["roc_auc_ovr_weighted", "top_k_accuracy"]
    ),
    "regression": frozenset(
        f"neg_{error}"
        for error in (
            *("max_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_gamma_deviance"),
            *("mean_poisson_deviance", "mean_squared_error", "mean_squared_log_error", "median_absolute_error"),
            *("root_mean_squared_error", "root_mean_squared_log_error"),
        )
    )
    | {"d2_absolute_error_score", "explained_variance", "r2"},
}
