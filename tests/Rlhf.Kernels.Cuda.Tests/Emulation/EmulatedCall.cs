namespace Rlhf.Kernels.Cuda.Tests.Emulation;

/// <summary>A kernel call on fresh data, the same each time; gives everything it writes, by name.</summary>
internal sealed record EmulatedCall(string Name, Func<EmulatedSession, IReadOnlyList<(string Name, double[] Values)>> Run)
{
    public override string ToString() => Name;
}
