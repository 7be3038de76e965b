using Rlhf.Environments.Gymnasium;
using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Tests.Gymnasium;

/// <summary>Children that die, hang, raise or write rubbish: one clear error each, and nothing left of the child.</summary>
public sealed class GymnasiumFailureTests
{
    private static readonly GymnasiumOptions Impatient = new() { StepTimeout = TimeSpan.FromMilliseconds(300) };

    [OneTimeSetUp]
    public void UseStandIn() => StandIn.Use();

    [Test]
    public void KilledChild_IsNamedWithItsSignal() =>
        Expect("Walk-v0", StandIn.KillChild, "environment 'gym:Walk-v0' gave no answer to a step: its process was killed by signal 9");

    [Test]
    public void StoppedChild_IsKilledAfterItsTime() =>
        Expect("Walk-v0", StandIn.StopChild, "environment 'gym:Walk-v0' gave no answer to a step: its process did not answer in time and was killed");

    [Test]
    public void HangingChild_IsKilledAfterItsTime_AndItsLastWordsAreTold() =>
        Expect("Hang-v0", _ => { }, "environment 'gym:Hang-v0' gave no answer to a step: its process did not answer in time and was killed; its last words: waiting for a display");

    [Test]
    public void EndedChild_IsNamedWithItsExitCodeAndLastWords() =>
        Expect("Exit-v0", _ => { }, "environment 'gym:Exit-v0' gave no answer to a step: its process ended with exit code 3; its last words: Segmentation fault (core dumped)");

    [Test]
    public void Exception_IsTold() =>
        Expect("Raise-v0", _ => { }, "environment 'gym:Raise-v0' failed in a step: ValueError: the ball left the universe; its process was killed");

    [Test]
    public void Rubbish_IsQuoted() =>
        Expect("Rubbish-v0", _ => { }, "environment 'gym:Rubbish-v0' answered a step with rubbish ('Welcome to the machine! Welcome'); its process was killed");

    [Test]
    public void KilledChild_FailsAResetToo()
    {
        using GymnasiumProcess process = StandIn.Start("Walk-v0");
        StandIn.KillChild(process.ProcessId);
        Assert.That(() => process.Reset(1), Throws.InstanceOf<GymnasiumException>().With.Message.Contains("no answer to a reset"));
        Assert.That(() => process.Reset(1), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void OtherChildren_LiveOn()
    {
        using GymnasiumProcess victim = StandIn.Start("Walk-v0"), other = StandIn.Start("Walk-v0");
        StandIn.KillChild(victim.ProcessId);
        Assert.That(() => victim.Reset(1), Throws.InstanceOf<GymnasiumException>());
        Assert.That(() => other.Reset(1), Throws.Nothing);
    }

    [TestCase("WrongShape-v0", "failed in a reset: an observation has shape (3,) and format 'f', expected (2,) and 'f' (float32)")]
    [TestCase("WrongType-v0", "failed in a reset: an observation has shape (2,) and format 'i', expected (2,) and 'f' (float32)")]
    public void WrongObservation_IsNamed(string name, string message)
    {
        using GymnasiumProcess process = StandIn.Start(name);
        Assert.That(() => process.Reset(1), Throws.InstanceOf<GymnasiumException>().With.Message.Contains($"environment 'gym:{name}' {message}"));
    }

    [TestCase("DictSpace-v0", "observation space Dict is not supported, expected Box")]
    [TestCase("TupleAction-v0", "action space Tuple is not supported, expected Discrete or Box")]
    [TestCase("Nowhere-v0", "LookupError: Environment `Nowhere` doesn't exist.")]
    public void WhatCannotBeServed_IsNamedAtTheStart(string name, string message) =>
        Assert.That(
            () => GymnasiumBridge.Create(name),
            Throws.InstanceOf<GymnasiumException>().With.Message.StartsWith($"environment 'gym:{name}' cannot be made: {message}"));

    [Test]
    public void UnboundedAction_IsNamed() =>
        Assert.That(() => GymnasiumBridge.Create("Unbounded-v0"), Throws.InstanceOf<GymnasiumException>().With.Message.Contains("'gym:Unbounded-v0' has actions without bounds"));

    [Test]
    public void AtarisInterface_NeedsAGame() =>
        Assert.That(
            () => GymnasiumBridge.Create("Push-v0", new GymnasiumOptions { Pixels = new PixelOptions() }),
            Throws.InstanceOf<GymnasiumException>().With.Message.Contains("'gym:Push-v0' has box actions and float64 observations of shape [3], expected discrete actions and uint8 images"));

    [Test]
    public void SlowStart_IsCutShort() =>
        Assert.That(
            () => GymnasiumBridge.Create("SlowStart-v0", new GymnasiumOptions { StartTimeout = TimeSpan.FromMilliseconds(500) }),
            Throws.InstanceOf<GymnasiumException>().With.Message.EqualTo("environment 'gym:SlowStart-v0' could not be made: its process did not answer in time and was killed"));

    [Test]
    public void ProgramThatIsNotPython_IsQuoted() =>
        Assert.That(
            () => GymnasiumBridge.Create("Walk-v0", new GymnasiumOptions { Python = "echo" }),
            Throws.InstanceOf<GymnasiumException>().With.Message.Contains("'gym:Walk-v0' answered its start with rubbish ('-c "));

    [Test]
    public void MissingPython_IsNamed() =>
        Assert.That(
            () => GymnasiumBridge.Create("Walk-v0", new GymnasiumOptions { Python = "/nowhere/python3" }),
            Throws.InstanceOf<GymnasiumException>().With.Message.Contains("'/nowhere/python3' cannot be started"));

    [Test]
    public void MissingModule_IsNamed() =>
        Assert.That(
            () => GymnasiumBridge.Create("Walk-v0", new GymnasiumOptions { Modules = ["no_such_module"] }),
            Throws.InstanceOf<GymnasiumException>().With.Message.Contains("module 'no_such_module' cannot be imported by"));

    [Test]
    public void MissingGymnasium_IsNamedWithTheInterpreter()
    {
        string script = Path.Combine(TestContext.CurrentContext.WorkDirectory, "bare-python");
        File.WriteAllText(script, "#!/bin/sh\nexec python3 -I -S \"$@\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.That(
            () => GymnasiumBridge.Create("Walk-v0", new GymnasiumOptions { Python = script }),
            Throws.InstanceOf<GymnasiumException>().With.Message.Contains("gymnasium cannot be imported by").And.Message.Contains("pip install gymnasium"));
    }

    [Test]
    public void ActionThatIsNone_IsNamed_AndTheChildLives()
    {
        using GymnasiumProcess walk = StandIn.Start("Walk-v0"), push = StandIn.Start("Push-v0");
        walk.Reset(1);
        push.Reset(1);
        Assert.That(() => walk.Step([2]), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("'gym:Walk-v0', expected 0 to 1"));
        Assert.That(() => push.Step([0, float.NaN, 0]), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("coordinate 1"));
        Assert.That(() => push.Step([0, 0]), Throws.ArgumentException.With.Message.Contains("has 2 numbers, expected 3"));
        Assert.That(() => walk.Step([1]), Throws.Nothing);
    }

    private static void Expect(string name, Action<int> harm, string message)
    {
        using GymnasiumProcess process = StandIn.Start(name, Impatient);
        int id = process.ProcessId;
        process.Reset(1);
        harm(id);
        Assert.That(() => process.Step([1]), Throws.InstanceOf<GymnasiumException>().With.Message.EqualTo(message));
        Assert.That(StandIn.Exists(id), Is.False, "killed, and collected: not even a zombie");
        Assert.That(StandIn.SharedFiles(), Is.Empty);
    }
}
