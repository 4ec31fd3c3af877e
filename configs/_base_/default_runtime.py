"""Runtime: hooks, logging, pictures, loops."""

custom_imports = dict(imports=["mmhg"])
default_scope = "mmpose"

default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=50),
    param_scheduler=dict(type="ParamSchedulerHook"),
    checkpoint=dict(
        type="CheckpointHook",
        interval=1,
        max_keep_ckpts=2,
        save_best="PCKh@0.5",
        rule="greater",
    ),
    sampler_seed=dict(type="DistSamplerSeedHook"),
    visualization=dict(type="PoseVisualizationHook", enable=False),
    channels_last=dict(type="ChannelsLastHook"),
    divergence=dict(type="DivergenceHook"),
    checkpoint_match=dict(type="CheckpointMatchHook"),
    skeleton_sheet=dict(type="SkeletonSheetHook"),
    curves=dict(type="TrainingCurvesHook"),
    results=dict(type="ResultsHook"),
)
custom_hooks = [dict(type="SyncBuffersHook")]

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),
    # Seconds that processes wait for each other; the first one computes the scores alone.
    dist_cfg=dict(backend="nccl", timeout=1800),
)
vis_backends = [dict(type="LocalVisBackend")]
visualizer = dict(type="PoseLocalVisualizer", vis_backends=vis_backends, name="visualizer")
log_processor = dict(type="LogProcessor", window_size=50, by_epoch=True, num_digits=6)
log_level = "INFO"
load_from = None
resume = False

val_cfg = dict(type="FastValLoop")
test_cfg = dict(type="FastTestLoop")
