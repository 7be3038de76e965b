using Rlhf.Environments;
using Rlhf.Kernels.Memory;
using Rlhf.Models.Networks;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Control;

namespace Rlhf.Training.Tests.Control;

/// <summary>A2C over frames, where policy and value are heads of one network. What it shares with the others: <see cref="ControlTrainerTests"/>.</summary>
internal sealed class A2cTrainerTests
{
    private static readonly A2cConfig Config = new()
    {
        TotalSteps = 160_000, LearningRate = 4e-3, Policy = new PolicyConfig { Trunk = PixelTrunk.Mnih2013 }, LoggingUpdates = 1,
    };

    [Test]
    public void Train_LearnsFromFrames()
    {
        using VectorEnvironment environments = Frames(16), evaluation = Frames(20);

        // Rollouts see the first half of all episodes or the second; cut to one length, their gradients would balance below the mean value.
        using var trainer = new A2cTrainer(Small.Kernels, environments, Config with { MaxGradNorm = 1e9 });

        trainer.Train();

        PolicyEvaluation result = PolicyEvaluation.Run(trainer.Policy, evaluation);
        Assert.Multiple(() =>
        {
            Assert.That(result.Mean, Is.GreaterThan(9.5), "of 10; guessing gives 5");
            Assert.That(Value(trainer.Policy), Is.EqualTo(5.3).Within(1), "one to ten steps to go, which the frame does not tell: Σ 0.99^k on average");
        });
    }

    [Test]
    public void Resume_GoesOnBitForBit_OverFrames()
    {
        using var directory = new TemporaryDirectory();
        A2cConfig brief = Config with { TotalSteps = 4 * 20, SaveUpdates = 2 };
        using VectorEnvironment environments = Frames(4), again = Frames(4);
        using var trainer = new A2cTrainer(Small.Kernels, environments, brief);
        trainer.Train(run: TrainingRun.Open(directory.Combine("run"), []));

        using var resumed = new A2cTrainer(Small.Kernels, again, brief);
        resumed.Resume(TrainingRun.LatestCheckpoint(directory.Combine("run")));
        int from = resumed.Update;
        resumed.Train();

        Assert.Multiple(() =>
        {
            Assert.That(from, Is.EqualTo(2));
            Assert.That(Worlds.Weights(resumed.Policy), Is.EqualTo(Worlds.Weights(trainer.Policy)));
        });
    }

    private static VectorEnvironment Frames(int count) => new([.. Enumerable.Range(0, count).Select(_ => new BrightHalf())], threads: 1, seed: 1);

    /// <summary>Mean value of the first observations of many episodes.</summary>
    private static float Value(ControlPolicy policy)
    {
        using VectorEnvironment environments = Frames(64);
        environments.Reset();
        ReadOnlyView<float> outputs = policy.Network.Forward(environments.Observations, ForwardMode.Inference);
        return Enumerable.Range(0, outputs.Rows).Average(row => outputs[row, outputs.Cols - 1]);
    }

    /// <summary>One half of the frame is bright, and the action should name it: 1 for each of 10 steps where it does.</summary>
    private sealed class BrightHalf : IEnvironment
    {
        private const int Side = 36;
        private ulong _seed;
        private int _step;
        private bool _right;

        public EnvironmentSpec Spec { get; } = new()
        {
            Id = "bright-half",
            ObservationShape = [1, Side, Side],
            Actions = ActionSpace.Discrete(2),
            Horizon = 1000,
            ClipLength = 2,
            FramesPerSecond = 1,
            Instructions = "none",
        };

        public void Reset(ulong seed, Span<float> observation)
        {
            (_seed, _step) = (seed, 0);
            Draw(observation);
        }

        public StepResult Step(ReadOnlySpan<float> action, Span<float> observation)
        {
            float reward = action[0] == 1 == _right ? 1 : 0;
            _step++;
            Draw(observation);
            return new StepResult(reward, Terminated: _step == 10, Truncated: false);
        }

        public void CaptureState(Span<double> state)
        {
        }

        public void CapturePose(Span<float> pose)
        {
        }

        public void Dispose()
        {
        }

        private void Draw(Span<float> frame)
        {
            _right = Philox.Uniform(_seed, (ulong)_step, 0) < 0.5f;
            for (int i = 0; i < frame.Length; i++)
                frame[i] = i % Side >= Side / 2 == _right ? 1 : 0;
        }
    }
}
