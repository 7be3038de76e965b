using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>What the fused head does with a chunk of logits; where gradients are wanted it overwrites the logits with them.</summary>
internal unsafe interface IHeadRows
{
    /// <param name="runner">Lanes and threads.</param>
    /// <param name="logits">[count, V] raw logits.</param>
    /// <param name="tokens">[count] ascending: the row of the arguments' views that each row of logits belongs to.</param>
    void Visit(SimdRunner runner, View<float> logits, int* tokens);
}
