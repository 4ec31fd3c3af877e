"""Stock `DSNTHead` (differentiable spatial to numerical transform) on the last stack's features."""

_base_ = "integral_regression.py"

model = dict(
    head=dict(
        type="DSNTHead",
        loss=dict(
            _delete_=True,
            type="MultipleLossWrapper",
            losses=[
                dict(type="SmoothL1Loss", use_target_weight=True),
                # With weights, log(0) makes the gradient of unannotated joints NaN.
                dict(type="JSDiscretLoss", use_target_weight=False),
            ],
        ),
    )
)
