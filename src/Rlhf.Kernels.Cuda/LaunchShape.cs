namespace Rlhf.Kernels.Cuda;

/// <summary>What a launch is beside its function and parameters.</summary>
internal readonly record struct LaunchShape(uint Blocks, int SharedBytes, int Cluster);
