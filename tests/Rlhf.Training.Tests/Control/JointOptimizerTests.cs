using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;
using Rlhf.Models;
using Rlhf.Training.Control;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Tests.Control;

internal sealed class JointOptimizerTests
{
    private HostBuffer<float> _memory = null!;
    private ParameterBuffers _first = null!, _second = null!;

    [SetUp]
    public void SetUp()
    {
        _memory = new HostBuffer<float>([1, 2, 3, 0, 0, 3]);
        View<float> all = _memory.View(6);
        _first = new ParameterBuffers(all.SliceRows(0, 2), all.SliceRows(3, 2), [new Parameter("a", [2], 0)]);
        _second = new ParameterBuffers(all.SliceRows(2, 1), all.SliceRows(5, 1), [new Parameter("b", [1], 0)]);
        _memory.Span[4] = 4;
    }

    [TearDown]
    public void TearDown() => _memory.Dispose();

    [Test]
    public void Step_ClipsByTheCommonNorm()
    {
        // RMSProp whose mean squares hardly move from 1: the step is the clipped gradient.
        var options = new JointOptimizerOptions
        {
            Kind = JointOptimizerKind.RmsProp, RmsPropStart = 1, RmsPropDecay = 0.9999f, Epsilon = 1e-8f, MaxGradNorm = 0.5f, RmsPropEpsilon = RmsPropEpsilonForm.InsideRoot,
        };
        using var optimizer = new JointOptimizer(Small.Kernels, options, ("first", _first), ("second", _second));

        float norm = optimizer.Step(1);

        Assert.Multiple(() =>
        {
            Assert.That(norm, Is.EqualTo(5).Within(1e-6));
            Assert.That(Worlds.Copy(_first.Weights), Is.EqualTo(new[] { 1, 2 - 0.4f }).Within(1e-4));
            Assert.That(_second.Weights[0], Is.EqualTo(3 - 0.3f).Within(1e-4));
        });
    }

    [Test]
    public void Step_IsAdams_FromTheFirst()
    {
        using var optimizer = new JointOptimizer(Small.Kernels, new JointOptimizerOptions(), ("first", _first), ("second", _second));

        optimizer.Step(0.1f);

        Assert.That(_second.Weights[0], Is.EqualTo(2.9).Within(1e-6), "the first step of Adam is the learning rate, whatever the gradient");
    }

    [Test]
    public void Step_NamesThePart_WhoseGradientIsNotFinite()
    {
        Vectors.Span(_second.Gradients)[0] = float.NaN;
        using var optimizer = new JointOptimizer(Small.Kernels, new JointOptimizerOptions(), ("first", _first), ("second", _second));

        var error = Assert.Throws<TrainingDivergedException>(() => optimizer.Step(0.1f));

        Assert.Multiple(() =>
        {
            Assert.That(error!.Message, Does.Contain("gradient norm of second is NaN, gradient 'b' is NaN at element 0"));
            Assert.That(Worlds.Copy(_first.Weights), Is.EqualTo(new float[] { 1, 2 }));
        });
    }
}
