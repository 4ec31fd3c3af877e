"""Parameters and optimizer shared out between processes (FSDP), by mmengine's FlexibleRunner.

The largest network of the paper needs it on no GPU of today; wider ones may. Two GPUs:
`tools/dist_train.sh configs/examples/fsdp.py 2`.
"""

_base_ = "../hg8_mpii_256.py"

runner_type = "FlexibleRunner"
strategy = dict(
    type="FSDPStrategy",
    model_wrapper=dict(
        type="MMFullyShardedDataParallel",
        auto_wrap_policy=dict(
            type="torch.distributed.fsdp.wrap.size_based_auto_wrap_policy",
            min_num_params=1_000_000,
        ),
    ),
    # A checkpoint is one file, as without FSDP. Offloading would crash where the CPU trains.
    state_dict_cfg=dict(
        state_dict_type="FULL_STATE_DICT",
        state_dict_config=dict(type="FullStateDictConfig", rank0_only=True),
        optim_state_dict_config=dict(type="FullOptimStateDictConfig", rank0_only=True),
    ),
)
