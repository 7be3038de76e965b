namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Every kind of kernel call.</summary>
internal static class Workloads
{
    public static IReadOnlyList<WorkloadKind> All { get; } =
    [
        .. LogitsWorkloads.All, .. HeadWorkloads.All, .. TokenWorkloads.All, .. PreferenceWorkloads.All, .. ControlWorkloads.All,
        .. OptimizerWorkloads.All,
    ];

    /// <summary>A kind by name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static WorkloadKind Find(string name) =>
        All.FirstOrDefault(kind => kind.Name == name)
        ?? throw new ArgumentException($"no kernel {name}, expected one of {string.Join(", ", All.Select(kind => kind.Name))}");
}
