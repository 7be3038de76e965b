using System.Runtime.InteropServices;

namespace Rlhf.Environments.Mujoco.Native;

/// <summary>Mirrors <c>rlhf_mujoco_model_view</c>; see native/mujoco/rlhf_mujoco.h for each field.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeModelView
{
    public int Positions, Velocities, Actuators, Bodies, Geoms, Sites;
    public double Timestep;
    public double* InitialPositions, ControlRange;
    public int* GeomType;
    public double* GeomSize;
    public float* GeomColor;
}

/// <summary>Mirrors <c>rlhf_mujoco_simulation_view</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeSimulationView
{
    public double* Time, Positions, Velocities, Controls, GeomPositions, GeomRotations, SitePositions;
}

/// <summary>Mirrors <c>rlhf_mujoco_usage</c>: what was used at most of what the model's size element gives.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeUsage
{
    public const int Kinds = 8;
    public long StackUsed, StackSize, ContactsUsed, ContactsSize, ConstraintsUsed, ConstraintsSize;
    public fixed long Warnings[Kinds];
}
