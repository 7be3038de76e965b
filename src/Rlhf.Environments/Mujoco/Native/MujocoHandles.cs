using System.Runtime.InteropServices;

namespace Rlhf.Environments.Mujoco.Native;

/// <summary>Owns an <c>rlhf_mujoco_model</c>.</summary>
internal sealed class ModelHandle : SafeHandle
{
    internal ModelHandle(nint model)
        : base(0, ownsHandle: true) => SetHandle(model);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => MujocoApi.FreeModel(handle);
}

/// <summary>Owns an <c>rlhf_mujoco_simulation</c>, which keeps its model's memory alive by itself.</summary>
internal sealed class SimulationHandle : SafeHandle
{
    internal SimulationHandle(nint simulation)
        : base(0, ownsHandle: true) => SetHandle(simulation);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => MujocoApi.FreeSimulation(handle);
}
