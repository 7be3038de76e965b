namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Traffic of an entry at another shape.</summary>
/// <param name="Workload">Kind of call.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="BytesMoved">Bytes between L2 and memory by the emulator's model, a launch.</param>
/// <param name="BytesMinimum">Least bytes.</param>
/// <param name="BytesOverMinimum">The former over the latter.</param>
public sealed record ShapeTraffic(string Workload, string Shape, double BytesMoved, double BytesMinimum, double BytesOverMinimum);
