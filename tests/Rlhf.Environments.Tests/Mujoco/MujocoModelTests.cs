using Rlhf.Environments.Mujoco;

namespace Rlhf.Environments.Tests.Mujoco;

public sealed class MujocoModelTests
{
    private const string Ball = """
        <mujoco>
          <size njmax="20" nconmax="5" nstack="{0}"/>
          <worldbody>
            <geom type="plane" size="1 1 1"/>
            <body pos="0 0 0.05"><freejoint/><geom name="ball" size="0.1"/></body>
          </worldbody>
        </mujoco>
        """;

    [SetUp]
    public void RequireMujoco() => Robot.Require();

    [Test]
    public void Constructor_GivesMujocosMessageWithFileAndLine_WhenTheModelIsBroken() =>
        Assert.That(
            () => new MujocoModel("robots/broken.xml", "<mujoco>\n  <worldbody>\n    <boddy/>\n  </worldbody>\n</mujoco>"),
            Throws.TypeOf<MujocoException>().With.Message.StartsWith("robots/broken.xml: ").And.Message.Contains("line 3").And.Message.Contains("boddy")
                .And.Message.Not.Contains("\n"));

    [TestCase("")]
    [TestCase("<mujoco")]
    [TestCase("no xml at all")]
    [TestCase("<mujoco><worldbody><geom size='-1'/></worldbody></mujoco>")]
    [TestCase("<mujoco><include file='/nowhere.xml'/></mujoco>")]
    public void Constructor_Throws_WhateverIsWrong(string mjcf) =>
        Assert.That(() => new MujocoModel("x.xml", mjcf), Throws.TypeOf<MujocoException>().With.Message.StartsWith("x.xml: "));

    [Test]
    public void Step_EndsWithAnExceptionAndTheProcessGoesOn_WhenMujocoRaisesAnError()
    {
        // Enough working memory to fall (75 numbers), too little for the first contact (186): mju_error.
        using var small = new MujocoModel("small", Ball.Replace("0.05", "0.3").Replace("{0}", "100"));
        using var doomed = new MujocoSimulation(small);
        Assert.That(() => doomed.Step(200), Throws.TypeOf<MujocoException>().With.Message.Contains("MuJoCo").And.Message.Contains("Stack overflow"));
        Assert.That(() => doomed.Step(1), Throws.TypeOf<MujocoException>().With.Message.Contains("ended with an error before"));

        using var model = new MujocoModel("large", Ball.Replace("{0}", "10000"));
        using var simulation = new MujocoSimulation(model);
        Assert.That(simulation.Step(10), Is.Null);
        Assert.That(simulation.Time, Is.EqualTo(0.02).Within(1e-12));
        Assert.That(File.Exists("MUJOCO_LOG.TXT"), Is.False);
    }

    [Test]
    public void Step_SaysWhichNumberWentBad_AndCountsTheWarning()
    {
        using var model = new MujocoModel("ball", Ball.Replace("{0}", "10000"));
        using var simulation = new MujocoSimulation(model);
        simulation.Positions[2] = 1e11;
        Assert.That(simulation.Step(3), Does.Contain("QPOS").And.Contain("DOF 2"));
        Assert.That(simulation.Step(1), Is.Null, "the reset state goes on");
        Assert.That(Warnings(simulation), Is.EqualTo(1));
        Assert.That(File.Exists("MUJOCO_LOG.TXT"), Is.False);
    }

    [Test]
    public void Step_DivergesWhereContactsDoNotFit()
    {
        using var model = new MujocoModel("ball", Ball.Replace("{0}", "10000").Replace("nconmax=\"5\"", "nconmax=\"1\"")
            .Replace("</worldbody>", "<body pos='3 0 0.05'><freejoint/><geom size='0.1'/></body></worldbody>"));
        using var simulation = new MujocoSimulation(model);
        Assert.That(simulation.Step(1), Does.Contain("contact").IgnoreCase);
    }

    [Test]
    public void Site_NamesWhatIsMissing()
    {
        using var model = new MujocoModel("ball", Ball.Replace("{0}", "10000"));
        Assert.That(() => model.Site("tip"), Throws.TypeOf<MujocoException>().With.Message.Contains("'tip'"));
    }

    [Test]
    public void Simulation_Throws_AfterDispose()
    {
        using var model = new MujocoModel("ball", Ball.Replace("{0}", "10000"));
        var simulation = new MujocoSimulation(model);
        simulation.Dispose();
        Assert.That(() => simulation.Positions[0], Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => simulation.Step(1), Throws.InstanceOf<ObjectDisposedException>());
    }

    private static unsafe long Warnings(MujocoSimulation simulation)
    {
        var usage = simulation.Usage;
        long sum = 0;
        for (int kind = 0; kind < 8; kind++)
            sum += usage.Warnings[kind];
        return sum;
    }
}
