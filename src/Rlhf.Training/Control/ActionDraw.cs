using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Control;

/// <summary>Coordinates of random numbers: an action is a function of seed, environment and step, and of nothing drawn before.</summary>
/// <param name="Seed">Key.</param>
/// <param name="Sequences">[N] number of each environment.</param>
/// <param name="Steps">[N] step, the same for all: stride 0.</param>
internal readonly record struct ActionDraw(ulong Seed, ReadOnlyView<long> Sequences, ReadOnlyView<int> Steps);
